"""Heads of trails between nodes: given, acknowledged, kept, and an alarm where one contradicts another."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from interconn.api.datasets import DATASET_PUBLISH
from interconn.api.peers import PEER_TERMINATE
from interconn.api.trail import TRAIL_SETTLE, TRAIL_STANDING, PartnerHeads
from interconn.peers import head_exchange
from interconn.standard.errors import NotFound, PeerRefused
from interconn.standard.trail import TRAIL_HEAD
from interconn.state.database import Table
from interconn.trail import thinning
from interconn.trail.entries import AuditEntry
from interconn.trail.heads import check_head, check_receipt, sign_head
from interconn.trail.keeping import KeptHead, KeptReceipt
from interconn.trail.verification import verify
from tests.databases import DATABASES
from tests.management.conftest import Node, Scene
from tests.management.trail_exports import export


def digest_of(entry: AuditEntry) -> str:
    return hashlib.sha256(entry.evidence["body"].encode()).hexdigest()


async def give(*nodes: Node) -> None:
    for node in nodes:
        await node.trail_keeping.exchange.give_all()


async def grow(node: Node, times: int = 1) -> None:
    """Entries that concern no partner."""
    for published in [True, False] * times:
        await node.ask(DATASET_PUBLISH, dataset_id=f"{node.node_id}-table", published=published)


async def about(node: Node, partner: Node) -> PartnerHeads:
    standing = await node.ask(TRAIL_STANDING)
    [found] = [one for one in standing.partners if one.node_id == partner.node_id]
    return found


async def length(node: Node) -> int:
    return (await node.trail())[-1].number


async def restored(node: Node, entries: int = 1) -> None:
    """Bring a node back to an older state of its database, and let it go on from there in another way."""
    await node.stop()
    DATABASES.restore(node.home, node.home / "backup.db")
    node.open()
    await node.management.start()
    await grow(node, entries)


async def saved(node: Node) -> None:
    await node.back_up("backup")


async def test_a_head_is_given_acknowledged_and_answered_with_the_partners_own(scene: Scene) -> None:
    await give(scene.bank)
    ours, theirs = await about(scene.bank, scene.operator), await about(scene.operator, scene.bank)
    assert ours.acknowledged == theirs.held == await length(scene.bank)
    assert ours.held == await length(scene.operator)
    assert theirs.acknowledged is None  # it has given none yet; its answer carried a head, and no receipt came back
    [receipt] = [one for one in await scene.bank.rows(KeptReceipt) if one.holder == "operator"]
    assert check_receipt(_receipt(receipt)).fingerprint == scene.operator.credential.fingerprint
    heads = [one for one in await scene.operator.rows(KeptHead) if one.node_id == "bank"]
    assert [check_head(_head(one)).fingerprint for one in heads] == [scene.bank.credential.fingerprint]


def _receipt(row: KeptReceipt) -> Any:
    from interconn.standard.trail import Receipt

    return Receipt.model_validate(row.content)


def _head(row: KeptHead) -> Any:
    from interconn.standard.trail import Head

    return Head.model_validate(row.content)


async def test_a_head_that_the_partner_has_is_not_given_again(scene: Scene) -> None:
    await give(scene.bank)
    before = len(scene.network.passed)
    await give(scene.bank)
    assert len(scene.network.passed) == before
    await grow(scene.bank)
    await give(scene.bank)
    assert len(scene.network.passed) == before + 2  # operator and clearing


async def test_giving_heads_makes_no_entries(scene: Scene) -> None:
    before = [await length(node) for node in (scene.bank, scene.operator)]
    for _ in range(3):
        await give(scene.bank, scene.operator)
    assert [await length(node) for node in (scene.bank, scene.operator)] == before


async def test_heads_follow_new_entries_by_themselves(scene: Scene) -> None:
    running = asyncio.create_task(scene.bank.trail_keeping.exchange.run())

    async def held_by_operator(number: int) -> None:
        while number not in [one.number for one in await scene.operator.rows(KeptHead) if one.node_id == "bank"]:
            await asyncio.wait([running], timeout=0.005)

    await held_by_operator(await length(scene.bank))
    await grow(scene.bank)
    await held_by_operator(await length(scene.bank))
    running.cancel()


async def test_a_cut_tail_raises_the_alarm(scene: Scene, tmp_path: Path) -> None:
    await saved(scene.bank)
    await grow(scene.bank, 3)
    await give(scene.bank)
    await restored(scene.bank)
    scene.network.clock.time += 1000
    await grow(scene.bank)
    await give(scene.bank)
    assert "contradicts" in (await about(scene.operator, scene.bank)).contradiction
    assert await scene.operator.trail_keeping.trail.contradicting() == ["bank"]
    [entry] = [one for one in await scene.operator.trail() if one.action == "trail.contradiction"]
    assert entry.partner == "bank"
    assert entry.evidence["signed"].startswith("INTERCONN-1\n")
    assert (entry.trace_id, entry.request_digest) == (entry.evidence["signed"].split("\n")[9], digest_of(entry))
    assert entry.details["earlier"]["number"] > entry.details["later"]["number"]
    assert (await about(scene.bank, scene.operator)).accused
    # Whoever raised the alarm has its own trail in order, and shows both heads that contradict each other.
    report = verify(await export(scene.operator, tmp_path / "operator.jsonl"))
    assert report.fault is None


async def test_a_rewritten_entry_of_the_same_number_raises_the_alarm(scene: Scene) -> None:
    await saved(scene.bank)
    await grow(scene.bank, 2)
    await give(scene.bank)
    await restored(scene.bank)
    for _ in range(2):
        await scene.bank.database.write(lambda session: _another(session, "person:somebody-else"))
    await give(scene.bank)
    assert await scene.operator.trail_keeping.trail.contradicting() == ["bank"]


def _another(session: Any, actor: str) -> None:
    from interconn.trail.entries import record

    record(session, at=1, actor=actor, action="dataset.publish", subject="dataset:x")


async def test_the_alarm_is_one_entry_however_often_it_rings(scene: Scene) -> None:
    await saved(scene.bank)
    await grow(scene.bank, 5)
    await give(scene.bank)
    await restored(scene.bank)
    for _ in range(3):
        scene.network.clock.time += 1000
        await grow(scene.bank)
        await give(scene.bank)
    assert len([one for one in await scene.operator.trail() if one.action == "trail.contradiction"]) == 1


async def test_a_person_closes_the_alarm_and_the_trail_counts_from_there(scene: Scene) -> None:
    await saved(scene.bank)
    await grow(scene.bank, 5)
    await give(scene.bank)
    await restored(scene.bank)
    scene.network.clock.time += 1000
    await give(scene.bank)
    await scene.operator.ask(TRAIL_SETTLE, node_id="bank", reason="it restored its backup")
    assert (await about(scene.operator, scene.bank)).contradiction == ""
    scene.network.clock.time += 1000
    await grow(scene.bank)
    await give(scene.bank)
    assert await scene.operator.trail_keeping.trail.contradicting() == []
    [entry] = [one for one in await scene.operator.trail() if one.action == "trail.settle"]
    assert entry.actor == "person:ann"
    assert entry.details["reason"] == "it restored its backup"


async def test_where_there_is_no_alarm_none_is_closed(scene: Scene) -> None:
    with pytest.raises(NotFound):
        await scene.operator.ask(TRAIL_SETTLE, node_id="bank", reason="to be sure")


async def test_heads_that_cross_on_the_way_raise_no_alarm(scene: Scene) -> None:
    """An older head that is under way while a newer one comes with an answer arrives after it."""
    older = await scene.bank.database.write(lambda session: _newest(scene.bank, session))
    scene.network.clock.time += 10
    await grow(scene.bank)
    await give(scene.operator)  # bank's answer carries its newest head
    await scene.bank.client.call("operator", TRAIL_HEAD, older, trace_id="trace-late")
    assert await scene.operator.trail_keeping.trail.contradicting() == []


def _newest(node: Node, session: Any) -> Any:
    return node.trail_keeping.exchange._heads.newest(session)


@pytest.mark.parametrize("wrong", ["another node's", "another key's", "changed after signing"])
async def test_a_head_that_is_not_the_callers_is_refused(scene: Scene, signers: Any, wrong: str) -> None:
    members = {"node_id": "bank", "number": 1000, "chain": "ab" * 32, "time": 1}
    head = {
        "another node's": sign_head(signers["bank"], **members | {"node_id": "clearing"}),
        "another key's": sign_head(signers["mallory"], **members),
        "changed after signing": sign_head(signers["bank"], **members).model_copy(update={"number": 1001}),
    }[wrong]
    with pytest.raises(PeerRefused):
        await scene.bank.client.call("operator", TRAIL_HEAD, head, trace_id="trace-x")
    assert [one for one in await scene.operator.rows(KeptHead) if one.number >= 1000] == []


async def test_a_partner_that_does_not_know_the_call_is_left_alone_for_a_while(scene: Scene) -> None:
    scene.operator.app.router.routes[:] = [
        route for route in scene.operator.app.router.routes if getattr(route, "path", "") != TRAIL_HEAD.path
    ]
    await give(scene.bank)
    assert (await about(scene.bank, scene.operator)).obstacle
    asked = len([one for one in scene.network.passed if one.target == scene.operator.identity.address])
    await grow(scene.bank)
    scene.network.clock.time += head_exchange.SILENCE_SECONDS * 1000
    await give(scene.bank)
    assert len([one for one in scene.network.passed if one.target == scene.operator.identity.address]) == asked
    scene.network.clock.time += head_exchange.IGNORANCE_SECONDS * 1000
    await give(scene.bank)
    assert len([one for one in scene.network.passed if one.target == scene.operator.identity.address]) == asked + 1


async def test_a_partner_that_is_away_gets_the_head_later(scene: Scene) -> None:
    scene.operator.running = False
    await give(scene.bank)
    assert "no answer" in (await about(scene.bank, scene.operator)).obstacle
    scene.operator.running = True
    scene.network.clock.time += head_exchange.SILENCE_SECONDS * 1000
    await give(scene.bank)
    found = await about(scene.bank, scene.operator)
    assert (found.obstacle, found.acknowledged) == ("", await length(scene.bank))


async def test_without_a_contract_no_head_is_taken(scene: Scene, mallory: Node) -> None:
    await give(mallory)
    assert await mallory.rows(KeptReceipt) == []


async def test_the_own_head_is_signed_once_for_an_entry(scene: Scene) -> None:
    for _ in range(3):
        await scene.bank.database.write(lambda session: _newest(scene.bank, session))
    newest = await scene.bank.database.read(
        lambda session: session.scalar(select(AuditEntry.number).order_by(AuditEntry.number.desc()).limit(1))
    )
    own = [one for one in await scene.bank.rows(KeptHead) if one.node_id == "bank" and one.number == newest]
    assert len(own) == 1


async def test_exchanges_that_race_with_each_other_and_with_new_entries_raise_no_alarm(scene: Scene) -> None:
    for _ in range(3):
        await asyncio.gather(
            give(scene.bank), grow(scene.bank), give(scene.operator), grow(scene.operator), give(scene.bank),
            grow(scene.bank), give(scene.operator),
        )  # fmt: skip
        scene.network.clock.time += 1
    for node in (scene.bank, scene.operator, scene.clearing):
        assert await node.trail_keeping.trail.contradicting() == []


async def test_a_clock_that_was_set_back_raises_no_alarm(scene: Scene) -> None:
    await give(scene.bank)
    scene.network.clock.time -= 3_600_000
    await grow(scene.bank)
    await give(scene.bank)
    assert await scene.operator.trail_keeping.trail.contradicting() == []


async def begun_anew(node: Node) -> None:
    """A node loses all that it knew, and goes on under the same name and key."""
    await node.stop()
    DATABASES.lose(node.home)
    node.open()
    if DATABASES.kind == "sqlite":
        Table.metadata.create_all(node.database.engine)
    await node.management.start()


async def test_a_partner_that_begins_anew_under_a_new_contract_is_asked_about_once(scene: Scene) -> None:
    """Its trail is another than the one it gave heads of, whatever the reason: people hear of it, and close it."""
    await give(scene.bank)
    scene.network.clock.time += 1000
    await begun_anew(scene.bank)
    await scene.operator.ask(PEER_TERMINATE, contract_id=scene.operator.directory.usable("bank").contract_id)
    await scene.network.cooperate(scene.bank, scene.operator, expired_time=2_000_000_000_000)  # no repetition
    await give(scene.bank)
    assert await scene.operator.trail_keeping.trail.contradicting() == ["bank"]
    await scene.operator.ask(TRAIL_SETTLE, node_id="bank", reason="its disk was lost; we spoke on the telephone")
    for _ in range(3):
        scene.network.clock.time += 1000
        await scene.bank.database.write(lambda session: _another(session, "person:ann"))
        await give(scene.bank)
    assert await scene.operator.trail_keeping.trail.contradicting() == []


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(thinning, "MOST", 12)
    monkeypatch.setattr(thinning, "NEWEST", 3)
    return 12


async def kept_of(node: Node, about: str) -> list[KeptHead]:
    return [one for one in await node.rows(KeptHead) if one.node_id == about]


async def flood(scene: Scene, signer: Any, places: Any) -> None:
    for number, time in places:
        head = sign_head(signer, node_id="bank", number=number, chain=f"{number:064x}", time=time)
        await scene.bank.client.call("operator", TRAIL_HEAD, head, trace_id="trace-flood")


async def test_a_partner_that_gives_heads_without_end_costs_no_more_than_a_bound(
    scene: Scene, signers: Any, few: int
) -> None:
    await flood(scene, signers["bank"], [(number, number) for number in range(100, 130)])
    kept = [one.number for one in await kept_of(scene.operator, "bank")]
    assert len(kept) <= few
    assert (min(kept), max(kept)) == (100, 129)


async def test_harmless_heads_do_not_push_out_what_proves_a_cut_tail(scene: Scene, signers: Any, few: int) -> None:
    """Late heads of lower numbers are no contradiction; a flood of them comes before the trail that was cut."""
    await flood(scene, signers["bank"], [(1000, 5000)])
    await flood(scene, signers["bank"], [(number, number) for number in range(100, 130)])
    assert 1000 in [one.number for one in await kept_of(scene.operator, "bank")]
    assert await scene.operator.trail_keeping.trail.contradicting() == []
    await flood(scene, signers["bank"], [(900, 6000)])
    assert await scene.operator.trail_keeping.trail.contradicting() == ["bank"]


async def test_contradictions_without_end_are_one_alarm_that_stays_on(scene: Scene, signers: Any, few: int) -> None:
    await flood(scene, signers["bank"], [(1000, 5000)])
    await flood(scene, signers["bank"], [(900 - number, 6000 + number) for number in range(30)])
    assert len(await kept_of(scene.operator, "bank")) <= few
    assert await scene.operator.trail_keeping.trail.contradicting() == ["bank"]
    [entry] = [one for one in await scene.operator.trail() if one.action == "trail.contradiction"]
    assert (entry.details["earlier"]["number"], entry.details["later"]["number"]) == (1000, 900)


async def test_own_heads_and_partners_receipts_are_thinned_too_and_the_keys_stay_named(scene: Scene, few: int) -> None:
    for _ in range(20):
        await grow(scene.bank)
        await give(scene.bank)
    own = await kept_of(scene.bank, "bank")
    assert len(own) <= few
    assert {one.fingerprint for one in own} == {scene.bank.credential.fingerprint}
    receipts = [one for one in await scene.bank.rows(KeptReceipt) if one.holder == "operator"]
    assert len(receipts) <= few
    assert max(one.number for one in receipts) == await length(scene.bank)


def test_what_stays_is_spread_over_what_was() -> None:
    kept = [thinning.Kept(number, number, number, "key") for number in range(5000)]
    gone = set(thinning.superfluous(kept))
    stay = [one.id for one in kept if one.id not in gone]
    assert len(stay) == thinning.MOST // 2
    assert stay[0] == 0 and stay[-thinning.NEWEST :] == list(range(5000 - thinning.NEWEST, 5000))
    assert max(after - before for before, after in itertools.pairwise(stay)) <= 20
