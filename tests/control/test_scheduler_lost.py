"""A party whose contract with the scheduler ends does not wait for word that cannot come."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.control import follower
from interconn.standard.errors import ContractNotUsable


@pytest.mark.parametrize("network", [1e6], indirect=True)  # nobody gives up for any other reason
async def test_contract_with_the_scheduler_terminated_while_a_component_runs(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_WAIT_SECONDS", 0.1)  # the question that is under way is soon followed by another
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    while not network.operator.machine.environments:  # noqa: ASYNC110 - it may be anything
        await asyncio.sleep(0.002)

    async def over(*_: Any, **__: Any) -> Any:
        raise ContractNotUsable("the contract was terminated", where="clearing")

    network.operator.control._follower._partners._client.answer = over
    async with asyncio.timeout(30):
        view = await network.operator.ended()
        while not network.operator.machine.stops:  # noqa: ASYNC110 - components are stopped once the end is on disk
            await asyncio.sleep(0.002)
    assert view.outcome == "FAILED"
    assert "the scheduler clearing is a partner no more" in view.reason
    assert network.operator.machine.stops == 1
