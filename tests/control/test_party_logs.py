"""Logs across the parties of a job: who is asked, who may ask, and what is said where a party does not permit."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from interconn.api.jobs import JOB_LOGS, JOB_PARTIES
from interconn.components.task_log import Severity
from interconn.control import party_logs
from interconn.control.log_release import AskedLog
from interconn.standard.errors import (
    InterconnError,
    NotApproved,
    NotFound,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
    Refused,
)
from interconn.standard.job_log import JOB_LOG_READ
from tests.control.test_jobs_between_nodes import begun, finish, hold_components
from tests.virtual_time import until

LINES = ["one", "DEBUG two", '{"level": "ERROR", "message": "three"}', "Traceback"]


class Tells:
    """Permits everything or nothing, and remembers what was asked."""

    def __init__(self, why_not: str = "") -> None:
        self.why_not = why_not
        self.asked: list[tuple[str, AskedLog]] = []

    def withheld(self, session: Session, caller: Any, asked: AskedLog) -> str:
        self.asked.append((caller.node_id, asked))
        return self.why_not


def telling(node: Any, why_not: str = "") -> Tells:
    node.control._party_logs._release = release = Tells(why_not)
    return release


def write(node: Any, lines: list[str], *, party: str = "host.0") -> None:
    """Have each component of a node have written some lines."""
    for directory in (Path(each) for each in begun(node)):
        if directory.name == party:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "stdout.log").write_text("".join(f"{line}\n" for line in lines))


async def read(node: Any, make: SimpleNamespace, party: str = "host.0", **members: Any) -> Any:
    wanted = {"job_id": "job-1", "task_name": "first", "party": party, **members}
    return await node.own[JOB_LOGS.name](make.person, JOB_LOGS.request.model_validate(wanted))


def asked_over_the_wire(network: Any) -> list[tuple[str, str]]:
    return [(source, target) for source, target, name, _ in network.calls if name == JOB_LOG_READ.name]


@pytest.mark.parametrize(
    ("level", "start", "lines", "total"),
    [("debug", 0, LINES, 4), ("info", 1, LINES[2:], 3), ("error", 0, LINES[2:], 2), ("debug", 4, [], 4)],
)
async def test_a_party_reads_the_log_of_another_as_its_own(
    network: Any, make: SimpleNamespace, level: str, start: int, lines: list[str], total: int
) -> None:
    await network.run(make.job(scheduler="clearing"))
    await network.operator.ended()
    await network.bank.ended()
    release = telling(network.operator)
    write(network.operator, LINES)
    for node in (network.bank, network.operator, network.clearing):  # a party, its own node, and the scheduler
        found = await read(node, make, level=level, start=start)
        assert (found.node_id, found.lines, found.total, found.ended) == ("operator", lines, total, True)
    assert asked_over_the_wire(network) == [("bank", "operator"), ("clearing", "operator")]
    asked = release.asked[0][1]
    assert [node for node, _ in release.asked] == ["bank", "clearing"]  # own people ask nobody
    assert (asked.job_id, asked.task_name, asked.party, asked.component) == ("job-1", "first", "host.0", "join")
    assert asked.level is Severity[level.upper()]
    assert [(each.component, each.partners, each.succeeded) for each in asked.shares] == [
        ("join", frozenset({"bank"}), True)
    ]


async def test_who_runs_what_is_known_before_anything_runs(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    one = make.component
    await network.run(make.job(one("a"), one("b", "sum", ["a.data0"]), scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    for node in (network.bank, network.operator, network.clearing):
        found = await node.own[JOB_PARTIES.name](make.person, JOB_PARTIES.request(job_id="job-1"))
        assert [(each.task_name, each.party, each.node_id) for each in found.parties] == [
            (task, party, node) for task in "ab" for party, node in (("guest.0", "bank"), ("host.0", "operator"))
        ]  # fmt: skip
    telling(network.operator)
    found = await read(network.bank, make, task_name="b")
    assert (found.lines, found.total, found.ended) == ([], 0, False)


async def test_a_log_is_followed_while_it_grows_and_its_end_is_told(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="bank"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    release = telling(network.operator)
    seen: list[str] = []
    for upto in (1, 3, 4):
        write(network.operator, LINES[:upto])
        found = await read(network.bank, make, start=len(seen))
        seen += found.lines
        assert (seen, found.total, found.ended) == (LINES[:upto], upto, False)
    assert not release.asked[0][1].shares[0].succeeded
    await finish(make, network.bank, network.operator)
    await network.operator.ended()
    found = await read(network.bank, make, start=len(seen))
    assert (found.lines, found.ended) == ([], True)


async def test_what_a_party_does_not_permit_is_said_in_its_own_words(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="bank"))
    await network.operator.ended()
    write(network.operator, LINES)
    with pytest.raises(PeerRefused, match="gives no logs to partners") as refused:  # nobody said anything else
        await read(network.bank, make)
    assert refused.value.peer_code == 40305
    telling(network.operator, "not this one")
    with pytest.raises(PeerRefused, match="not this one"):
        await read(network.bank, make)
    assert (await read(network.operator, make)).lines == LINES


async def test_a_stranger_cannot_tell_a_job_from_none_by_its_log(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="bank"))
    await network.operator.ended()
    release = telling(network.operator)
    client = network.clearing.control._party_logs._partners._client
    said = set()
    for job_id in ("job-1", "job-none"):
        asked = JOB_LOG_READ.request(job_id=job_id, task_name="first", party="host.0", log_level="debug")
        with pytest.raises(InterconnError) as refused:
            await client.call("operator", JOB_LOG_READ, asked, trace_id="t")
        said.add(str(refused.value))
    assert len(said) == 1
    assert not release.asked


@pytest.mark.parametrize(("task_name", "party"), [("first", "guest.0"), ("first", "host.1"), ("none", "host.0")])
async def test_a_part_that_is_not_the_asked_nodes(
    network: Any, make: SimpleNamespace, task_name: str, party: str
) -> None:
    await network.run(make.job(scheduler="bank"))
    await network.operator.ended()
    release = telling(network.operator)
    client = network.bank.control._party_logs._partners._client
    asked = JOB_LOG_READ.request(job_id="job-1", task_name=task_name, party=party, log_level="debug")
    with pytest.raises(PeerRefused, match="takes part in"):
        await client.call("operator", JOB_LOG_READ, asked, trace_id="t")
    assert not release.asked
    if party != "guest.0":
        with pytest.raises(NotFound):
            await read(network.bank, make, party, task_name=task_name)


async def test_a_partner_that_does_not_know_the_call_or_is_away(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await network.run(make.job(scheduler="bank"))
    await network.bank.ended()
    partners = network.bank.control._party_logs._partners
    network.cut.add("operator")
    with pytest.raises(PeerUnreachable):
        await read(network.bank, make)

    async def ignorant(*_: Any, **__: Any) -> Any:
        raise PeerReplyInvalid("HTTP 404 without an envelope")

    monkeypatch.setattr(partners, "answer", ignorant)
    with pytest.raises(Refused, match="operator does not know the call"):
        await read(network.bank, make)
    monkeypatch.setattr(partners, "knows_extensions", lambda _: False)
    monkeypatch.setattr(partners, "answer", None)  # one of another kind is not even asked
    with pytest.raises(Refused, match="operator does not know the call"):
        await read(network.bank, make)


async def test_a_job_that_was_only_refused_has_no_parties(network: Any, make: SimpleNamespace) -> None:
    network.operator.admission.refusals["admit"] = NotApproved("not today")
    await network.run(make.job(scheduler="bank"))
    await network.bank.ended()
    found = await network.operator.own[JOB_PARTIES.name](make.person, JOB_PARTIES.request(job_id="job-1"))
    assert found.parties == []


async def test_a_long_log_is_read_in_parts_without_a_gap(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(party_logs, "LONGEST_TEXT", 40)
    await network.run(make.job(scheduler="bank"))
    await network.operator.ended()
    telling(network.operator)
    lines = [f"line {number}" for number in range(30)]
    write(network.operator, lines)
    seen: list[str] = []
    while len(seen) < len(lines):
        seen += (await read(network.bank, make, start=len(seen))).lines
    assert seen == lines
