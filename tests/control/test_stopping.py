"""Jobs that end because what allowed them is over: the reason reaches every node (MGT-3.3, MGT-8.3)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.control.jobs import Cause
from tests.virtual_time import until

REASON = "contract c-1 between bank and operator was terminated by bank"
CAUSE = Cause(at=1, actor="person:ann", clause="MGT-3.3", partner="bank")


async def running(network: Any, make: SimpleNamespace) -> None:
    """Start a job whose components go on until they are stopped."""
    for node in (network.bank, network.operator):
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.bank.machine.launches and network.operator.machine.launches)


@pytest.mark.parametrize("where", ["bank", "operator", "clearing"])
async def test_the_reason_is_shown_on_every_node(network: Any, make: SimpleNamespace, where: str) -> None:
    await running(network, make)
    node = network.nodes[where]
    stopped = await node.database.write(lambda session: node.control.stopping.stop(session, "job-1", REASON, CAUSE))
    assert stopped
    async with asyncio.timeout(30):
        for each in network.nodes.values():
            view = await each.ended()
            assert view.outcome == "FAILED"
            assert REASON in view.reason, (each.node_id, view.reason)
    assert network.bank.machine.stops == network.operator.machine.stops == 1


async def test_all_jobs_in_which_a_node_has_a_part_and_once_only(network: Any, make: SimpleNamespace) -> None:
    await running(network, make)
    operator = network.operator

    def stop(session: Any) -> list[str]:
        found: list[str] = operator.control.stopping.stop_with(session, "clearing", REASON, CAUSE)
        return found

    assert await operator.database.write(lambda s: operator.control.stopping.stop_with(s, "mallory", "", CAUSE)) == []
    assert await operator.database.write(stop) == ["job-1"]
    assert await operator.database.write(stop) == []
    async with asyncio.timeout(30):
        assert (await network.bank.ended()).outcome == "FAILED"


async def test_a_job_that_is_not_here_is_none_to_stop(network: Any) -> None:
    node = network.bank
    assert not await node.database.write(lambda session: node.control.stopping.stop(session, "job-9", REASON, CAUSE))
