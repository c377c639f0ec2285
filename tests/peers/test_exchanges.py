"""The last contact with each partner: kept cheaply, told truly, and the one who was away is called at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from interconn.peers.exchanges import Contact, Exchanges
from interconn.standard.errors import NotFound, PeerRefused, PeerReplyInvalid, PeerUnreachable
from interconn.state.database import Database, Table
from tests.databases import DATABASES
from tests.state.clock import VirtualClock

NOW = 1_800_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(DATABASES.url(tmp_path))
    Table.metadata.create_all(made.engine, [Table.metadata.tables["peer_exchanges"]])
    yield made
    made.close()
    DATABASES.let_go(tmp_path)


@pytest.fixture
def exchanges(database: Database) -> Exchanges:
    return Exchanges(database=database, clock=VirtualClock(NOW))


def test_nothing_is_known_of_a_node_that_was_never_met(exchanges: Exchanges) -> None:
    known = exchanges.with_partner("b")
    assert (known.heard, known.spoken, known.answered_at, known.silent) == (None, None, None, False)


def test_each_call_is_told_with_how_it_ended(exchanges: Exchanges) -> None:
    exchanges.heard("b", "dataset.list")
    exchanges.spoken("b", "job.create")
    known = exchanges.with_partner("b")
    assert known.heard == Contact(NOW, "dataset.list", "served")
    assert (known.spoken, known.answered_at) == (Contact(NOW, "job.create", "answered"), NOW)
    exchanges.heard("b", "dataset.query", NotFound("there is no such data set"))
    exchanges.spoken("b", "job.apply", PeerRefused("the partner refused: no", peer_code=40900, peer_message="no"))
    known = exchanges.with_partner("b")
    assert known.heard == Contact(NOW, "dataset.query", "refused: there is no such data set")
    assert (known.spoken, known.silent) == (Contact(NOW, "job.apply", "the partner refused: no"), False)


@pytest.mark.parametrize("error", [PeerUnreachable("no answer"), PeerReplyInvalid("not proven")])
def test_silence_is_no_answer_whatever_came_back_unproven(exchanges: Exchanges, error: Exception) -> None:
    assert isinstance(error, PeerUnreachable | PeerReplyInvalid)
    exchanges.spoken("b", "job.apply", error)
    known = exchanges.with_partner("b")
    assert (known.answered_at, known.silent, known.spoken) == (None, True, Contact(NOW, "job.apply", error.message))


def test_a_partner_that_was_away_is_called_at_once_when_it_calls_and_not_for_every_call(database: Database) -> None:
    clock, called = VirtualClock(NOW), []
    exchanges = Exchanges(database=database, clock=clock)
    exchanges.when_back(called.append)
    exchanges.heard("b", "node.health")
    assert called == []
    exchanges.spoken("b", "job.apply", PeerUnreachable("no answer"))
    for _ in range(3):  # it reaches us, and we do not reach it
        exchanges.heard("b", "node.health")
        exchanges.spoken("b", "job.apply", PeerUnreachable("no answer"))
    assert called == ["b"]
    clock.time += 5_000
    exchanges.heard("b", "node.health")
    assert called == ["b", "b"]
    exchanges.spoken("b", "job.apply")
    clock.time += 5_000
    exchanges.heard("b", "node.health")
    assert called == ["b", "b"]


async def test_what_was_written_down_is_known_after_a_restart(database: Database, exchanges: Exchanges) -> None:
    exchanges.heard("b", "dataset.list")
    exchanges.spoken("b", "job.apply", PeerUnreachable("no answer"))
    exchanges.spoken("c", "job.apply")
    await exchanges.write()
    again = Exchanges(database=database, clock=VirtualClock(NOW))
    await again.load()
    for node_id in ("b", "c"):
        assert again.with_partner(node_id) == exchanges.with_partner(node_id)


async def test_a_thousand_calls_cost_one_commit(database: Database, exchanges: Exchanges) -> None:
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda _connection: commits.append(1))
    for _ in range(1000):
        exchanges.spoken("b", "job.status")
    await exchanges.write()
    await exchanges.write()
    assert len(commits) == 1
