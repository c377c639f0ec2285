"""Jobs of many hosts, of nodes with several roles, and of roles that the standard does not name (CTL-G3.1.1.1-conf)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.control.flow import plan
from interconn.standard.control import JobStatus, JobStop
from interconn.standard.errors import NotApproved
from tests.control.conftest import Network
from tests.databases import DATABASES
from tests.virtual_time import until

HOSTS = [f"host-{number}" for number in range(8)]
SLOWER = [("poll", "bank"), ("callback", "")]
ROLE = {"guest": ["bank"], "host": HOSTS, "arbiter": ["clearing"]}


@pytest.fixture
async def crowd(tmp_path: Path, crash_points: None) -> AsyncIterator[Network]:
    """A bank, eight hosts and a clearing house."""
    found = Network(tmp_path, ("bank", *HOSTS, "clearing"))
    found.start()
    yield found
    await found.stop()
    DATABASES.let_go(tmp_path)


def trained(make: SimpleNamespace, *, sync_type: str = "poll", scheduler: str = "", **parts: Any) -> Any:
    """An intersection of guest and hosts, and what is trained on it with the arbiter's help."""
    job = make.job(
        make.component("first"),
        make.component("second", "trained", ["first.data0"]),
        role=parts.pop("role", ROLE),
        scheduler=scheduler,
        **parts,
    )
    job.config.job_params.common["sync_type"] = sync_type
    return job


def played(node: Any) -> Counter[str]:
    """The roles in which a node's components were launched, and how often."""
    return Counter(environment["config.self_role"] for environment in node.machine.environments.values())


@pytest.mark.parametrize(
    ("sync_type", "scheduler"),
    [("poll", ""), ("callback", "host-3"), *(pytest.param(*more, marks=pytest.mark.slow) for more in SLOWER)],
)
async def test_one_guest_eight_hosts_and_an_arbiter_ctl_3_3_once(
    crowd: Network, make: SimpleNamespace, sync_type: str, scheduler: str
) -> None:
    job = trained(make, sync_type=sync_type, scheduler=scheduler)
    await crowd.run(job)
    scheduling = scheduler or "clearing"  # an arbiter that is nothing else, where none is named (resolution 27)
    expected = {"guest.0": "SUCCESS"} | {f"host.{number}": "SUCCESS" for number in range(8)}
    for node in crowd.nodes.values():
        view = await node.ended()
        assert (view.status, view.outcome, view.scheduler) == (JobStatus.FINISHED, "SUCCESS", scheduling)
    for name in ("bank", scheduling):
        shown = make.statuses(await crowd.nodes[name].view())
        assert shown == {"first": expected, "second": expected | {"arbiter.0": "SUCCESS"}}
    assert played(crowd.bank) == {"guest.0": 2}
    assert played(crowd.clearing) == {"arbiter.0": 1}
    assert [played(crowd.nodes[name]) for name in HOSTS] == [{f"host.{number}": 2} for number in range(8)]
    parties = {node_id for node_id in crowd.nodes if node_id != scheduling}
    for call in ("schedule.job.create", "schedule.job.start"):
        assert Counter(target for _, target in crowd.sent(call)) == dict.fromkeys(parties, 1)
    # A node hears of the tasks in which it has a share, of each once.
    started = Counter(target for _, target in crowd.sent("schedule.task.start"))
    assert started == {name: 1 if name == "clearing" else 2 for name in parties}


async def test_each_of_many_parties_is_told_who_all_are(crowd: Network, make: SimpleNamespace) -> None:
    await crowd.run(trained(make))
    await crowd.bank.ended()
    for node in crowd.nodes.values():
        for environment in node.machine.environments.values():
            told = {value for name, value in environment.items() if name.startswith("config.node_id.")}
            assert {"bank", *HOSTS} <= told
            assert ("clearing" in told) == ("arbiter" in str(sorted(environment)))


@pytest.mark.parametrize("sync_type", ["poll", "callback"])
async def test_one_of_eight_hosts_fails_and_all_stop_for_its_reason_ctl_g3_1_1_2_fail(
    crowd: Network, make: SimpleNamespace, sync_type: str
) -> None:
    for node in crowd.nodes.values():
        node.machine.ends = lambda environment: None
    await crowd.run(trained(make, sync_type=sync_type))
    parties = [crowd.bank, *(crowd.nodes[name] for name in HOSTS)]
    await until(lambda: all(node.machine.environments for node in parties))
    failing = crowd.nodes["host-5"]
    [directory] = failing.machine.environments
    await failing.machine.end(directory, make.exit(3, "", 1))
    for node in crowd.nodes.values():
        view = await node.ended()
        assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
        assert view.reason == "first failed at host-5 (host.5): exit status 3"
    shown = make.statuses(await crowd.clearing.view())
    assert list(shown) == ["first"]  # nobody began what was to follow
    assert set(shown["first"].values()) == {"FAILED"}
    assert [node.machine.stops for node in parties] == [node is not failing for node in parties]


async def test_one_of_eight_hosts_that_has_not_approved_is_the_reason_for_all(
    crowd: Network, make: SimpleNamespace
) -> None:
    crowd.nodes["host-6"].admission.refusals["admit"] = NotApproved("it was not proposed to this node", where="job_id")
    await crowd.run(trained(make))
    view = await crowd.bank.ended()
    assert (view.status, view.outcome) == (JobStatus.REJECTED, "REJECTED")
    assert "host-6: " in view.reason and "not proposed" in view.reason
    assert not any(node.machine.launches for node in crowd.nodes.values())


@pytest.mark.parametrize("stopper", ["host-7", "clearing"])
async def test_any_of_many_stops_the_job_for_all(crowd: Network, make: SimpleNamespace, stopper: str) -> None:
    for node in crowd.nodes.values():
        node.machine.ends = lambda environment: None
    await crowd.run(trained(make))
    await until(lambda: all(crowd.nodes[name].machine.environments for name in ("bank", *HOSTS)))
    await crowd.nodes[stopper].own["own.job.stop"](make.person, JobStop(job_id="job-1"))
    for node in crowd.nodes.values():
        view = await node.ended()
        assert (view.outcome, view.reason) == ("FAILED", f"stopped by {stopper}")


async def test_nodes_with_several_roles_play_each_of_them(network: Any, make: SimpleNamespace) -> None:
    """Two hosts, of which one is the arbiter as well, and a guest that is."""
    for arbiter in ("bank", "operator"):
        job_id = f"job-{arbiter}"
        role = {"guest": ["bank"], "host": ["operator", "clearing"], "arbiter": [arbiter]}
        await network.run(trained(make, role=role, job_id=job_id))
        view = await network.bank.ended(job_id)
        assert view.outcome == "SUCCESS"
        [second] = [task for task in view.tasks if task.name == "second"]
        assert {(party.role, party.node_id) for party in second.parties} == {
            ("guest.0", "bank"), ("host.0", "operator"), ("host.1", "clearing"), ("arbiter.0", arbiter)
        }  # fmt: skip
        own = [env["config.self_role"] for env in network.nodes[arbiter].machine.environments.values()
               if env["config.task_id"] == second.task_id]  # fmt: skip
        assert sorted(own) == sorted(["arbiter.0", "guest.0" if arbiter == "bank" else "host.0"])


VERIFIED = {"guest": ["bank"], "host": ["operator"], "verifier": ["clearing", "bank"]}


@pytest.mark.parametrize(("scheduler", "sync_type"), [("", "poll"), ("clearing", "callback"), ("operator", "poll")])
async def test_a_role_of_the_makers_own_runs_where_its_components_name_it(
    network: Any, make: SimpleNamespace, scheduler: str, sync_type: str
) -> None:
    """CTL-6.6: "guest, host, arbiter and so on"; `roleList` of the self-description says who runs a component."""
    parts = [
        make.component("first"),
        make.component("second", "sum", ["first.data0"]),
        make.component("checked", "verified"),
    ]
    job = make.job(*parts, role=VERIFIED, scheduler=scheduler, sources=["first"])
    job.config.job_params.common["sync_type"] = sync_type
    steps = plan(job, make.registry).steps
    assert [party.name for party in steps["first"].parties] == ["guest.0", "host.0"]
    assert [party.name for party in steps["checked"].parties] == ["guest.0", "verifier.0", "verifier.1"]
    await network.run(job)
    for name in ("bank", "operator", "clearing"):
        view = await network.nodes[name].ended()
        assert (view.status, view.outcome) == (JobStatus.FINISHED, "SUCCESS")
    assert make.statuses(await network.bank.view())["checked"] == dict.fromkeys(
        ["guest.0", "verifier.0", "verifier.1"], "SUCCESS"
    )
    assert played(network.bank) == {"guest.0": 3, "verifier.1": 1}
    assert played(network.clearing) == {"verifier.0": 1}
    assert played(network.operator) == {"host.0": 2}
    assert len(network.sent("schedule.job.start")) == 2  # to each node but the scheduler, however many roles it has
