"""Which logs of a node's tasks partners may read: what is declared, and nothing else (docs/policy.md)."""

import pytest

from interconn.components.task_log import Severity
from interconn.control.log_release import AskedLog, OwnShare
from interconn.management.results import partners_logs
from interconn.management.results.tables import Result, Standing
from interconn.peers.inbound import Caller
from interconn.standard.errors import ConfigurationError, PeerReplyInvalid
from interconn.standard.job_log import JOB_LOG_READ, PartyLogRead
from tests.repositories.test_results import result

ALL = '[[log]]\nname = "all"\npartners = ["bank"]\nlevel = "debug"\n'
ERRORS = '[[log]]\nname = "errors"\npartners = ["bank", "clearing"]\ncomponents = ["psi"]\n'
HELD = '[[release]]\nname = "held"\ncomponents = ["psi"]\napproval = true\n'


def asked(level="DEBUG", component="psi", **members):
    share = OwnShare(component="psi", partners=frozenset({"bank"}), succeeded=True)
    return AskedLog(
        **{"job_id": "job-1", "task_name": "psi-1", "party": "host.0", "component": component,
           "level": Severity[level], "shares": [share], **members}
    )  # fmt: skip


async def withheld(node, question, partner="bank"):
    caller = Caller(
        node_id=partner, trace_id="t", peer=None, proven_key=None, permits="", request_digest="", extensions={}
    )
    return await node.database.write(lambda session: node.management.logs.withheld(session, caller, question))


@pytest.mark.parametrize(
    ("policy", "partner", "question", "why_not"),
    [
        ("", "bank", asked("ERROR"), "does not let you"),
        (ALL, "bank", asked("DEBUG"), ""),
        (ALL, "clearing", asked("ERROR"), "does not let you"),
        (ERRORS, "bank", asked("ERROR"), ""),
        (ERRORS, "bank", asked("INFO"), "from level error on"),
        (ERRORS, "bank", asked("DEBUG"), "from level error on"),
        (ERRORS, "bank", asked("ERROR", "sum"), "does not let you"),
        (ERRORS + ALL, "bank", asked("DEBUG"), ""),  # the widest holds
        (ALL + ERRORS, "clearing", asked("DEBUG"), "from level error on"),
    ],
)
async def test_what_is_not_declared_is_not_told(scene, policy, partner, question, why_not):
    await scene.operator.declare(policy)
    said = await withheld(scene.operator, question, partner)
    assert bool(said) == bool(why_not) and why_not in said


async def test_each_grant_and_each_refusal_is_recorded_once(scene):
    await scene.operator.declare(ALL + ERRORS)
    for question in (asked(), asked("ERROR"), asked("DEBUG", task_name="psi-2")):
        for partner in ("bank", "clearing"):
            for _ in range(3):  # as whoever follows a log asks
                await withheld(scene.operator, question, partner)
    found = [entry for entry in await scene.operator.trail() if entry.subject.startswith("log:")]
    said = [(e.action, e.partner, e.subject, e.details["level"], e.details.get("table")) for e in found]
    assert said == [
        ("log.tell", "bank", "log:job-1/psi-1/host.0", "debug", "all"),
        ("log.withhold", "clearing", "log:job-1/psi-1/host.0", "debug", None),
        ("log.tell", "bank", "log:job-1/psi-1/host.0", "error", "all"),
        ("log.tell", "clearing", "log:job-1/psi-1/host.0", "error", "errors"),
        ("log.tell", "bank", "log:job-1/psi-2/host.0", "debug", "all"),
        ("log.withhold", "clearing", "log:job-1/psi-2/host.0", "debug", None),
    ]
    assert {entry.actor for entry in found} == {"node:bank", "node:clearing"}
    await scene.operator.declare(ALL)
    await withheld(scene.operator, asked())  # by another policy: recorded again
    assert [entry.action for entry in await scene.operator.trail() if entry.subject.startswith("log:")][6:] == [
        "log.tell"
    ]


async def test_a_node_remembers_so_many_decisions_and_no_more(scene, monkeypatch):
    monkeypatch.setattr(partners_logs, "_DECISIONS_KEPT", 2)
    for name in "abca":
        await withheld(scene.operator, asked(task_name=name))
    subjects = [entry.subject for entry in await scene.operator.trail() if entry.subject.startswith("log:")]
    assert subjects == [f"log:job-1/{name}/host.0" for name in "abca"]
    assert len(scene.operator.management.logs._recorded) == 2


@pytest.mark.parametrize("standing", Standing)
async def test_no_log_of_a_job_is_told_while_a_result_of_it_is_held_or_was_refused(scene, standing):
    await scene.operator.declare(ALL)
    await scene.operator.database.write(lambda session: session.add(result(1, "job-1", standing)))
    assert bool(await withheld(scene.operator, asked("ERROR"))) == (standing is not Standing.RELEASED)
    assert not await withheld(scene.operator, asked("ERROR", job_id="job-2"))
    assert len(await scene.operator.rows(Result)) == 1


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (OwnShare("psi", frozenset({"bank"}), succeeded=False), False),  # it runs, or has failed
        (OwnShare("psi", frozenset({"bank"}), succeeded=True), True),  # what is held of it, if anything, is settled
        (OwnShare("sum", frozenset({"bank"}), succeeded=False), True),
    ],
)
async def test_no_log_is_told_before_it_is_settled_what_is_held(scene, share, told):
    await scene.operator.declare(ALL + HELD)
    # Of another component of the same job: it may write of what it reads.
    assert bool(await withheld(scene.operator, asked(component="table_summary", shares=[share]))) != told


async def test_a_broken_policy_tells_nothing_more(scene):
    await scene.operator.declare(ALL)
    assert not await withheld(scene.operator, asked())
    await scene.operator.declare(ALL + "nonsense")
    assert await withheld(scene.operator, asked())


@pytest.mark.parametrize(
    "table", ['name = "x"', 'name = "x"\npartners = []', 'name = "x"\npartners = ["b"]\nlevel = "all"', ALL + ALL[8:]]
)
async def test_a_table_that_names_nobody_or_an_unknown_level_is_refused(scene, table):
    from interconn.api.policy_file import read_policy

    with pytest.raises(ConfigurationError):
        read_policy(f"[[log]]\n{table}\n".encode())


async def test_a_node_without_the_call_gives_no_answer_that_could_be_taken_for_one(scene):
    question = PartyLogRead(job_id="job-1", task_name="a", party="host.0", log_level="error")
    with pytest.raises(PeerReplyInvalid):  # control is not part of these nodes
        await scene.bank.client.call("operator", JOB_LOG_READ, question, trace_id="t")
