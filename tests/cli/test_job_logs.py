"""`interconn job logs --follow`: new lines as they come, to the job's end; who refuses, who is away, and Ctrl-C."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.api.jobs import JOB_LOGS, JOB_PARTIES, JobParties, JobParty, PartyLogView
from interconn.cli.nouns import job_logs
from interconn.standard.errors import InterconnError, LogWithheld, NotFound, PeerUnreachable
from tests.cli.conftest import Interconn
from tests.client.fake_node import FakeNode

NODES = {"guest.0": "bank", "host.0": "operator", "host.1": "telecom"}


class Logs:
    """What three parties of a job have logged; it goes on each time the command waits."""

    def __init__(self, fake: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: dict[str, list[str]] = {party: [] for party in NODES}
        self.ended: set[str] = set()
        self.errors: dict[str, InterconnError] = {}
        self.meanwhile: list[Callable[[], None]] = []
        self.page = 1000
        self.waits = 0
        parties = [JobParty(task_name="psi_1", party=party, node_id=node_id) for party, node_id in NODES.items()]
        fake.answer(JOB_PARTIES, JobParties(parties=parties))
        fake.answer_by(JOB_LOGS, self.read)
        monkeypatch.setattr(job_logs, "time", SimpleNamespace(sleep=self.wait))

    def read(self, asked: Any) -> PartyLogView | InterconnError:
        if error := self.errors.get(asked.party):
            return error
        lines = self.lines[asked.party]
        return PartyLogView(
            node_id=NODES[asked.party],
            lines=lines[asked.start : asked.start + self.page],
            total=len(lines),
            ended=asked.party in self.ended,
        )

    def wait(self, seconds: float) -> None:
        assert seconds == job_logs.LOOK_SECONDS
        self.waits += 1
        assert self.meanwhile, "it goes on although the job has ended"
        self.meanwhile.pop(0)()

    def write(self, party: str, *lines: str) -> Callable[[], None]:
        return lambda: self.lines[party].extend(lines)

    def end(self, *parties: str) -> Callable[[], None]:
        return lambda: self.ended.update(parties)


@pytest.fixture
def logs(fake: FakeNode, monkeypatch: pytest.MonkeyPatch) -> Logs:
    return Logs(fake, monkeypatch)


def test_new_lines_come_once_each_until_all_have_ended(logs: Logs, interconn: Interconn) -> None:
    logs.lines["guest.0"] = ["begins"]
    logs.meanwhile = [
        logs.write("guest.0", "goes on", "and on"),
        logs.write("host.0", "is late"),
        lambda: None,
        logs.end("guest.0", "host.0"),
        lambda: [logs.write("host.1", "last word")(), logs.end("host.1")()],  # type: ignore[func-returns-value]
    ]
    ran = interconn("job", "logs", "job-1", "--follow")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "psi_1 guest.0 bank | begins",
        "psi_1 guest.0 bank | goes on",
        "psi_1 guest.0 bank | and on",
        "psi_1 host.0 operator | is late",
        "psi_1 host.1 telecom | last word",
    ]
    assert logs.waits == 5


def test_more_lines_than_an_answer_holds_are_all_read_before_it_waits(logs: Logs, interconn: Interconn) -> None:
    logs.page = 3
    logs.lines["guest.0"] = [f"line {number}" for number in range(10)]
    logs.ended = set(NODES)
    ran = interconn("job", "logs", "job-1", "--follow")
    assert ran.out.splitlines() == [f"psi_1 guest.0 bank | line {number}" for number in range(10)]
    assert logs.waits == 0


def test_a_partner_that_refuses_is_named_once_and_the_others_are_followed(logs: Logs, interconn: Interconn) -> None:
    logs.errors["host.0"] = LogWithheld("operator's policy permits no log", where="psi_1 host.0")
    logs.meanwhile = [logs.write("guest.0", "one"), logs.end("guest.0", "host.1")]
    ran = interconn("job", "logs", "job-1", "--follow")
    assert ran.status == 0
    assert ran.out.splitlines() == ["psi_1 guest.0 bank | one"]
    assert ran.err.splitlines() == ["psi_1 host.0 operator: operator's policy permits no log"]


def test_a_partner_that_is_away_is_named_once_and_read_when_it_is_back(logs: Logs, interconn: Interconn) -> None:
    logs.errors["host.1"] = PeerUnreachable("no answer from telecom", where="telecom")
    logs.lines["host.1"] = ["while it was away"]
    logs.meanwhile = [
        lambda: None,
        lambda: None,
        lambda: logs.errors.clear(),
        logs.write("host.1", "and after"),
        logs.end(*NODES),
    ]
    ran = interconn("job", "logs", "job-1", "--follow")
    assert ran.status == 0
    assert ran.out.splitlines() == ["psi_1 host.1 telecom | while it was away", "psi_1 host.1 telecom | and after"]
    assert ran.err.splitlines() == ["psi_1 host.1 telecom: no answer from telecom"]


def test_ctrl_c_ends_it_with_what_was_read(logs: Logs, interconn: Interconn) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    logs.lines["guest.0"] = ["so far"]
    logs.meanwhile = [logs.write("guest.0", "and a little more"), interrupt]
    ran = interconn("job", "logs", "job-1", "--follow")
    assert ran.status == 130
    assert ran.out.splitlines() == ["psi_1 guest.0 bank | so far", "psi_1 guest.0 bank | and a little more"]
    assert "Traceback" not in ran.err


def test_without_follow_it_reads_what_there_is_and_ends(logs: Logs, interconn: Interconn) -> None:
    logs.lines["guest.0"] = ["so far"]
    logs.errors["host.1"] = PeerUnreachable("no answer from telecom", where="telecom")
    ran = interconn("job", "logs", "job-1", "--json")
    assert (ran.status, logs.waits) == (0, 0)
    assert [(one["party"], one["lines"], one["why_not"]) for one in ran.json] == [
        ("guest.0", ["so far"], ""), ("host.0", [], ""), ("host.1", [], "no answer from telecom")
    ]  # fmt: skip


def test_one_party_alone_is_followed(logs: Logs, fake: FakeNode, interconn: Interconn) -> None:
    logs.meanwhile = [logs.write("host.0", "hers"), logs.end("host.0")]
    ran = interconn("job", "logs", "job-1", "--follow", "--party", "host.0", "--level", "error")
    assert ran.out.splitlines() == ["psi_1 host.0 operator | hers"]
    asked = [one.members for one in fake.asked if one.endpoint == JOB_LOGS.name]
    assert {(one["party"], one["level"]) for one in asked} == {("host.0", "error")}
    assert interconn("job", "logs", "job-1", "--follow", "--party", "host.9").status == 1


def test_a_job_that_is_not_known_is_not_followed(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(JOB_PARTIES, NotFound("the job is not known here", where="job_id"))
    ran = interconn("job", "logs", "job-1", "--follow")
    assert (ran.status, ran.out) == (1, "")
    assert "not known here" in ran.err
