"""Contracts with other nodes, and rotations of this node's own key."""

from __future__ import annotations

import pytest

from interconn.api.peers import PEER_LIST
from interconn.management.contracts.tables import Contract, KeyRotation
from interconn.standard.errors import ContractNotUsable, NotFound
from interconn.standard.management import AuditStatus
from tests.management.conftest import SteppedClock
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestContracts(Repository):
    tables = (
        Contract,
        KeyRotation,
    )

    async def test_the_newest_in_force_counts_and_one_without_an_end_does_not_end(
        self, node: Holder, clock: SteppedClock
    ) -> None:
        one_hour = clock.now() + 3_600_000
        await node.database.write(
            lambda session: session.add_all(
                [
                    rows.contract("bank", 1, contract_id="old", status="TERMINATED"),
                    rows.contract("bank", 2, contract_id="endless", expired_time=None),
                    rows.contract("bank", 3, contract_id="ends", expired_time=one_hour),
                    rows.contract("bank", 4, contract_id="refused", status="REJECTED"),
                    rows.contract("Bank", 5, contract_id="another", status="REJECTED"),
                ]
            )
        )
        contracts = node.management._cooperation._contracts

        def in_force(session):  # type: ignore[no-untyped-def]
            return contracts.require_usable(session, "bank").contract_id

        clock.time = one_hour - 1
        assert await node.database.read(in_force) == "ends"
        clock.time = one_hour
        assert await node.database.read(in_force) == "endless"
        newest = await node.database.read(lambda session: contracts.latest(session, "Bank").contract_id)
        assert newest == "another"
        with pytest.raises(ContractNotUsable):
            await node.database.read(lambda session: contracts.require_usable(session, "BANK"))
        with pytest.raises(NotFound):
            await node.database.read(lambda session: contracts.latest(session, "BANK"))

    async def test_a_list_is_in_the_order_of_coming_and_filtered_exactly(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for number, node_id in enumerate(reversed(rows.IDS)):
                status = AuditStatus.APPLIED if number % 2 else AuditStatus.APPROVED
                session.add(rows.contract(node_id, 100 + number, status=status.value))

        await node.database.write(write)
        found = await node.ask(PEER_LIST, page_num=2, page_size=5)
        assert [one.node_id for one in found.contracts] == list(reversed(rows.IDS))[5:10]
        assert found.total == len(rows.IDS)
        assert [one.node_id for one in (await node.ask(PEER_LIST, node_id="a", page_num=1, page_size=9)).contracts] == [
            "a"
        ]
        applied = await node.ask(PEER_LIST, status="APPLIED", page_num=1, page_size=-1)
        assert [one.node_id for one in applied.contracts] == list(reversed(rows.IDS))[1::2]
