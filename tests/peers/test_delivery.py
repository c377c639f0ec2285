"""Delivery: what was decided reaches the partner, in order, whatever happens in between."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.dialects import STANDARD
from interconn.peers import delivery
from interconn.peers.delivery import Delivery
from interconn.peers.exchanges import Exchanges
from interconn.peers.outbound import Answer, Destination
from interconn.standard.control import JOB_START
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import (
    ContractNotUsable,
    InterconnError,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
    ReplayedNonce,
    StaleClock,
)
from interconn.standard.management import CONTRACT_APPLY, JOB_CONFIRM
from interconn.standard.wire import Empty, WireModel
from interconn.state.database import Database, Table
from interconn.state.outbox import OutboxMessage, enqueue
from tests.databases import DATABASES
from tests.peers.partners import NOW
from tests.state.clock import VirtualClock

Step = Callable[[], Awaitable[None]] | InterconnError | Exception | None


def refusal(code: int) -> PeerRefused:
    return PeerRefused("the partner refused: no", peer_code=code, peer_message="no")


REFERENCES = {JOB_START.name: "job_id", JOB_CONFIRM.name: "audit_id", CONTRACT_APPLY.name: "description"}
SILENCE = PeerUnreachable("no answer")
APPLICATION = {
    "node_id": "a",
    "inst_id": "a.example",
    "institution": "A",
    "name": "a",
    "system": "interconn",
    "system_version": "1",
    "address": "https://a.example",
    "auth_credential": "a key",
    "auth_type": "SHA256_ECDSA",
}


class Line:
    """Stands in for the client: each call takes the next step planned for its reference; then all goes well."""

    def __init__(self) -> None:
        self.steps: dict[str, list[Step]] = {}
        self.calls: list[tuple[str, str]] = []
        self.permits: list[str] = []

    async def answer(
        self, node_id: str, endpoint: Any, request: WireModel, *, trace_id: str, permits: str = ""
    ) -> Answer[Any]:
        reference = request.to_wire()[REFERENCES[endpoint.name]]
        self.calls.append((node_id, reference))
        self.permits.append(permits)
        planned = self.steps.get(reference)
        step = planned.pop(0) if planned else None
        if isinstance(step, Exception):
            raise step
        if step:
            await step()
        return Answer(Empty(), None)

    async def ask(self, destination: Destination, *arguments: Any, **named: Any) -> Answer[Any]:
        return await self.answer(f"{destination.node_id} at {destination.address}", *arguments, **named)


class Sender:
    """Stands in for the layer whose messages these are."""

    def __init__(self) -> None:
        self.settled: list[tuple[str, str]] = []
        self.to: Destination | None = None
        self.fails = 0

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        return (JOB_START, JOB_CONFIRM, CONTRACT_APPLY)

    def destination(self, session: Session, message: OutboxMessage) -> Destination | None:
        return self.to

    def delivered(self, session: Session, message: OutboxMessage, reply: WireModel) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the layer fails to take note")
        self.settled.append((message.reference, "delivered"))

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        self.settled.append((message.reference, type(error).__name__))


class Post:
    """A post office that a test can close and open again."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(DATABASES.url(folder))
        Table.metadata.create_all(self.database.engine, [Table.metadata.tables["outbox"]])
        self.clock, self.line, self.sender = VirtualClock(NOW), Line(), Sender()
        self.exchanges = Exchanges(database=self.database, clock=self.clock)
        self.jitter: Callable[[], float] = lambda: 0.0

    async def write(
        self,
        *addressed: tuple[str, str],
        insists: bool = False,
        permits: str = "",
        endpoint: Endpoint[Any, Any] | None = None,
    ) -> None:
        chosen = endpoint or (JOB_CONFIRM if insists else JOB_START)

        def work(session: Session) -> None:
            for node_id, reference in addressed:
                body: dict[str, Any] = {"job_id": reference}
                if chosen is JOB_CONFIRM:
                    body = {"audit_id": reference, "status": "REJECTED"}
                elif chosen is CONTRACT_APPLY:
                    body = APPLICATION | {"description": reference}
                enqueue(
                    session,
                    node_id=node_id,
                    endpoint=chosen.name,
                    body=body,
                    reference=reference,
                    trace_id="t",
                    now=NOW,
                    insists=insists,
                    permits=permits,
                )

        await self.database.write(work)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        running = asyncio.create_task(
            Delivery(
                database=self.database,
                client=self.line,  # type: ignore[arg-type]
                clock=self.clock,
                correspondents=[self.sender],
                exchanges=self.exchanges,
                jitter=lambda: self.jitter(),
            ).run()
        )
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def messages(self) -> list[OutboxMessage]:
        wanted = select(OutboxMessage).order_by(OutboxMessage.message_id)
        return await self.database.read(lambda session: list(session.scalars(wanted)))

    async def until(self, fulfilled: Callable[[list[OutboxMessage]], bool]) -> list[OutboxMessage]:
        """Let it work until the messages are as wanted."""
        while True:
            if fulfilled(found := await self.messages()):
                return found
            await asyncio.sleep(0.002)

    async def settle(self) -> list[OutboxMessage]:
        """Let time pass until nothing waits."""
        while waiting := [message.due_at for message in await self.messages() if message.state == "WAITING"]:
            if later := [due_at for due_at in waiting if due_at > self.clock.time]:
                self.clock.time = min(later)
                self.database.signals.notify("outbox")
            await asyncio.sleep(0.002)
        return await self.messages()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path)
    yield made
    made.database.close()
    DATABASES.let_go(tmp_path)


async def test_delivered_in_the_order_written(post: Post) -> None:
    await post.write(*(("b", f"m-{number}") for number in range(70)), permits="secret")
    async with post.open():
        messages = await post.settle()
    assert post.line.calls == [("b", f"m-{number}") for number in range(70)]
    assert set(post.line.permits) == {"secret"}
    assert {(message.state, message.permits) for message in messages} == {("DELIVERED", "")}


async def test_order_is_kept_over_silence(post: Post) -> None:
    post.line.steps["m-1"] = [SILENCE, PeerReplyInvalid("not proven"), SILENCE]
    await post.write(("b", "m-0"), ("b", "m-1"), ("b", "m-2"))
    async with post.open():
        await post.until(lambda messages: messages[1].attempts > 0)
        await post.write(("b", "m-3"))
        await post.settle()
    delivered = [reference for reference, _ in post.sender.settled]
    assert delivered == ["m-0", "m-1", "m-2", "m-3"]
    assert [reference for _, reference in post.line.calls] == ["m-0", *["m-1"] * 4, "m-2", "m-3"]


async def test_pauses_grow_to_a_limit_and_silence_is_borne_for_ever(post: Post) -> None:
    post.line.steps["m-0"] = [SILENCE] * 60
    times: list[int] = []
    note = post.line.answer

    async def call(*arguments: Any, **named: Any) -> WireModel:
        times.append(post.clock.time)
        return await note(*arguments, **named)

    post.line.answer = call  # type: ignore[method-assign]
    await post.write(("b", "m-0"))
    async with post.open():
        (message,) = await post.settle()
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses[:4] == [200, 400, 800, 1600]
    assert set(pauses[10:]) == {30_000}
    assert (message.state, message.attempts, message.refusals) == ("DELIVERED", 60, 0)


async def test_a_partner_that_is_away_for_long_is_called_less_often(post: Post) -> None:
    post.line.steps["m-0"] = [SILENCE]
    await post.write(("b", "m-0"))

    def aged(session: Session) -> None:
        session.get_one(OutboxMessage, 1).attempts = delivery.LONG_ABSENCE_ATTEMPTS

    await post.database.write(aged)
    async with post.open():
        (message,) = await post.until(lambda messages: messages[0].attempted_at is not None)
    assert message.due_at - NOW == 1000 * delivery.LONG_ABSENCE_PAUSE_SECONDS


async def test_jitter_shortens_a_pause_and_never_lengthens_it(post: Post) -> None:
    post.jitter = lambda: 1.0
    post.line.steps["m-0"] = [SILENCE]
    await post.write(("b", "m-0"))
    async with post.open():
        (message,) = await post.until(lambda messages: messages[0].attempts == 1)
    assert message.attempted_at == NOW
    assert message.due_at - NOW == 1000 * delivery.FIRST_PAUSE_SECONDS * (1 - delivery.JITTER)


async def test_what_waits_for_a_partner_that_was_away_is_sent_as_soon_as_it_calls(post: Post) -> None:
    post.line.steps["m-0"] = [SILENCE] * 40
    await post.write(("b", "m-0"))
    async with post.open():
        await post.until(lambda messages: messages[0].attempts == 1)
        post.line.steps["m-0"] = []
        post.exchanges.spoken("b", JOB_START.name, SILENCE)
        post.exchanges.heard("b", JOB_START.name)
        await post.until(lambda messages: messages[0].state == "DELIVERED")
    assert post.clock.time == NOW


async def test_attempts_beyond_what_a_power_of_two_can_be(post: Post) -> None:
    post.line.steps["m-0"] = [SILENCE]
    await post.write(("b", "m-0"))

    def aged(session: Session) -> None:
        session.get_one(OutboxMessage, 1).attempts = 100_000

    await post.database.write(aged)
    async with post.open():
        (message,) = await post.settle()
    assert message.state == "DELIVERED"


async def test_refused_once_and_for_all(post: Post) -> None:
    post.line.steps["m-0"] = [refusal(40901)]
    await post.write(("b", "m-0"), ("b", "m-1"), permits="secret")
    async with post.open():
        first, second = await post.settle()
    assert (first.state, first.permits, second.state) == ("REFUSED", "", "DELIVERED")
    assert "no" in first.last_error
    assert post.sender.settled == [("m-0", "PeerRefused"), ("m-1", "delivered")]


async def test_mgt_3_contract_state_ended_meanwhile(post: Post) -> None:
    post.line.steps["m-0"] = [ContractNotUsable("terminated")]
    await post.write(("b", "m-0"))
    async with post.open():
        (message,) = await post.settle()
    assert message.state == "REFUSED"


@pytest.mark.parametrize("code", [StaleClock.code, ReplayedNonce.code, 50000])
async def test_refusals_that_may_pass_are_tried_again(post: Post, code: int) -> None:
    post.line.steps["m-0"] = [refusal(code)] * 2
    await post.write(("b", "m-0"))
    async with post.open():
        (message,) = await post.settle()
    assert (message.state, message.refusals) == ("DELIVERED", 2)


async def test_an_insisting_message_outlasts_refusals_and_holds_up_its_own_matter_alone(post: Post) -> None:
    post.line.steps["a-1"] = [refusal(40400)] * 3
    await post.write(("b", "a-1"), insists=True)
    await post.write(("b", "m-0"), ("b", "a-1"))
    async with post.open():
        await post.until(lambda messages: messages[1].state == "DELIVERED")
        await post.settle()
    assert post.sender.settled == [("m-0", "delivered"), ("a-1", "delivered"), ("a-1", "delivered")]
    assert post.line.calls.count(("b", "a-1")) == 5


async def test_insisting_ends_after_many_refusals_but_not_after_much_silence(post: Post) -> None:
    post.line.steps["a-1"] = [*[SILENCE] * 40, *[refusal(40400)] * 40]
    await post.write(("b", "a-1"), insists=True)
    async with post.open():
        (message,) = await post.settle()
    assert (message.state, message.refusals) == ("REFUSED", delivery.LONGEST_INSISTENCE)
    assert message.attempts == 40 + delivery.LONGEST_INSISTENCE


async def test_a_partner_that_does_not_answer_delays_nobody(post: Post) -> None:
    never = asyncio.Event()

    async def hang() -> None:
        await never.wait()

    post.line.steps["slow"] = [hang]
    await post.write(*(("b", "slow" if number == 0 else f"b-{number}") for number in range(150)))
    await post.write(("c", "c-0"))
    post.line.steps["c-1"] = [SILENCE]
    async with post.open():
        await post.until(lambda messages: messages[150].state == "DELIVERED")
        await post.write(("c", "c-1"))
        await post.until(lambda messages: messages[151].attempts == 1)
        post.clock.time += 200
        # Not even woken: with a partner busy it still looks again when the other's time has come.
        await post.until(lambda messages: messages[151].state == "DELIVERED")
    assert [call for call in post.line.calls if call[0] == "b"] == [("b", "slow")]


async def test_survives_a_restart(post: Post, tmp_path: Path) -> None:
    post.line.steps["m-0"] = [SILENCE] * 100
    await post.write(("b", "m-0"), ("b", "m-1"))
    async with post.open():
        await post.until(lambda messages: messages[0].attempts == 1)
    post.database.close()
    again = Post(tmp_path)
    again.clock.time = post.clock.time
    async with again.open():
        await again.settle()
    assert again.line.calls == [("b", "m-0"), ("b", "m-1")]
    again.database.close()


async def test_nothing_is_sent_after_the_node_was_told_to_stop(post: Post) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await never.wait()

    post.line.steps["m-0"] = [hang]
    await post.write(("b", "m-0"), ("b", "m-1"))
    async with post.open():
        await begun.wait()
    assert post.line.calls == [("b", "m-0")]
    assert {message.state for message in await post.messages()} == {"WAITING"}


async def test_a_layer_that_fails_to_take_note_is_told_again(post: Post) -> None:
    post.sender.fails = 2
    await post.write(("b", "m-0"), ("b", "m-1"))
    async with post.open():
        messages = await post.settle()
    # m-0 and m-1 each failed once and were sent again, or m-0 did twice.
    assert sorted(post.sender.settled) == [("m-0", "delivered"), ("m-1", "delivered")]
    assert len(post.line.calls) == 4
    assert {message.state for message in messages} == {"DELIVERED"}


async def test_a_message_that_no_longer_fits_its_model_holds_up_nobody(post: Post) -> None:
    await post.write(("b", "../m"), ("b", "m-1"))
    async with post.open():
        messages = await post.settle()
    assert [message.state for message in messages] == ["REFUSED", "DELIVERED"]


async def test_mgt_3_1_first_contact_goes_to_its_address(post: Post) -> None:
    post.sender.to = Destination("b", "https://b.example", None, STANDARD)
    await post.write(("b", "m-0"))
    async with post.open():
        await post.settle()
    assert post.line.calls == [("b at https://b.example", "m-0")]


async def test_mgt_3_1_an_application_to_a_wrong_address_does_not_hold_up_the_next(post: Post) -> None:
    post.sender.to = Destination("b", "https://b.example", None, STANDARD)
    post.line.steps["wrong"] = [SILENCE] * 20
    await post.write(("b", "wrong"), ("b", "right"), endpoint=CONTRACT_APPLY)
    async with post.open():
        messages = await post.until(lambda found: found[1].state == "DELIVERED")
        assert (messages[0].state, messages[0].refusals) == ("WAITING", 1)
        await post.settle()
    assert post.sender.settled == [("right", "delivered"), ("wrong", "delivered")]
