"""A party whose contract with the scheduler ends does not wait for word that cannot come."""

from types import SimpleNamespace
from typing import Any

from interconn.standard.errors import ContractNotUsable
from tests.virtual_time import until


async def test_contract_with_the_scheduler_terminated_while_a_component_runs(
    network: Any, make: SimpleNamespace
) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.operator.machine.environments)

    async def over(*_: Any, **__: Any) -> Any:
        raise ContractNotUsable("the contract was terminated", where="clearing")

    network.operator.control._follower._partners._client.answer = over
    view = await network.operator.ended()
    await until(lambda: network.operator.machine.stops)  # components are stopped once the end is on disk
    assert view.outcome == "FAILED"
    assert "the scheduler clearing is a partner no more" in view.reason
    assert network.operator.machine.stops == 1
