"""The instant at which a contract or a permit ends: the last one before it counts, and it itself no more."""

from __future__ import annotations

from typing import Any

import pytest

from interconn.management.contracts.tables import Contract
from interconn.standard import management as standard
from interconn.standard.errors import ContractNotUsable, NotApproved, PeerRefused
from tests.management.conftest import Node, Scene
from tests.management.test_ends import Below

END = 1_800_000_600_000


def expire(session: Any, contract_id: str) -> None:
    [contract] = session.query(Contract).filter_by(contract_id=contract_id)
    contract.expired_time = END


async def ends(scene: Scene, *nodes: Node) -> str:
    """Have the contract of bank and operator end at an instant, as far as some nodes know."""
    contract_id = scene.bank.directory.usable("operator").contract_id
    for node in nodes:
        await node.database.write(lambda session: expire(session, contract_id))
        await node.management.start()
    return contract_id


CASES = pytest.mark.parametrize("late", [-1, 0, 1], ids=["one before", "at it", "one after"])


@CASES
async def test_mgt_3_a_call_is_made_until_the_contract_ends(scene: Scene, late: int) -> None:
    contract_id = await ends(scene, scene.bank)
    scene.network.clock.time = END + late
    if late < 0:
        await scene.bank.call(scene.operator, standard.DATASET_LIST, contract_id=contract_id)
    else:
        with pytest.raises(ContractNotUsable, match="has expired"):
            await scene.bank.call(scene.operator, standard.DATASET_LIST, contract_id=contract_id)


@CASES
async def test_mgt_3_a_call_is_served_until_the_contract_ends(scene: Scene, late: int) -> None:
    """The caller believes that it goes on: only who is asked knows of its end."""
    contract_id = await ends(scene, scene.operator)
    scene.network.clock.time = END + late
    if late < 0:
        await scene.bank.call(scene.operator, standard.DATASET_LIST, contract_id=contract_id)
    else:
        with pytest.raises(PeerRefused, match="has expired"):
            await scene.bank.call(scene.operator, standard.DATASET_LIST, contract_id=contract_id)


@CASES
async def test_mgt_3_permits_count_and_jobs_run_until_the_contract_ends(scene: Scene, granted: str, late: int) -> None:
    """At the instant itself, before anybody has wound the contract up: the permit is refused by the time alone."""
    job = await scene.job(granted)
    below = Below()
    scene.operator.management.consequences.reach(below, below)
    await ends(scene, scene.operator)
    scene.network.clock.time = END + late
    if late < 0:
        await scene.admit(job)
    else:
        with pytest.raises(NotApproved):
            await scene.admit(job)
    assert await scene.operator.management.expiries.wind_up() == (late >= 0)
    assert [node_id for node_id, *_ in below.stopped] == (["bank"] if late >= 0 else [])
    assert below.closed == (["bank"] if late >= 0 else [])
    assert await scene.operator.management.expiries.wind_up() == 0
