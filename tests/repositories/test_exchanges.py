"""The last contact with each partner."""

from __future__ import annotations

from interconn.peers.exchanges import Exchanges as Kept
from interconn.peers.exchanges import PartnerExchange
from interconn.standard.errors import PeerUnreachable
from interconn.state.database import Database
from tests.management.conftest import SteppedClock
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestExchanges(Repository):
    tables = (PartnerExchange,)

    async def test_the_last_contact_is_what_is_read_again_of_each_partner(
        self, database: Database, clock: SteppedClock
    ) -> None:
        kept = Kept(database=database, clock=clock)
        for node_id in rows.IDS:
            kept.heard(node_id, "contract.apply")
            clock.time += 1
        await kept.write()
        kept.spoken("a", "node.health", PeerUnreachable("银行 😀 '" * 200, where="a"))
        kept.spoken("A", "node.health")
        await kept.write()
        await kept.write()  # there is nothing new
        again = Kept(database=database, clock=clock)
        await again.load()
        for node_id in rows.IDS:
            assert again.with_partner(node_id) == kept.with_partner(node_id)
        assert (again.with_partner("a").silent, again.with_partner("A").silent) == (True, False)
        assert len((again.with_partner("a").spoken or kept).outcome) == 500  # type: ignore[union-attr]
        assert again.with_partner("é").heard is None
