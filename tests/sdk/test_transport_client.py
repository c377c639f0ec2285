"""The client of push, pop, peek and release against a node that behaves, and one that does not (TRN-3.2)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from interconn.sdk import Party, TransportClient
from interconn.standard import headers
from interconn.standard.errors import TransportError
from interconn.standard.transport import POP, PUSH, RELEASE, PtpCode
from tests.sdk.fake_transport import Call, FakeTransport, Forced

GUEST = Party("guest", 0, "node-a", "inst-a")
HOST = Party("host", 0, "node-b", "inst-b")
TOPIC = "guest.0-host.0"


@pytest.fixture
def node() -> Iterator[FakeTransport]:
    with FakeTransport({"token-a": "node-a", "token-b": "node-b"}) as fake:
        yield fake


def client(node: FakeTransport, token: str, *, retry_seconds: float = 30.0) -> TransportClient:
    return TransportClient(
        f"http://{node.address}", session_id="session_1", token=token, trace_id="trace_1", retry_seconds=retry_seconds
    )


@pytest.fixture
def guest(node: FakeTransport) -> Iterator[TransportClient]:
    with client(node, "token-a") as opened:
        yield opened


@pytest.fixture
def host(node: FakeTransport) -> Iterator[TransportClient]:
    with client(node, "token-b") as opened:
        yield opened


def test_messages_arrive_in_order_with_every_byte_value(guest: TransportClient, host: TransportClient) -> None:
    """TRN-3.1-body, TRN-3.2.1, TRN-3.2.2."""
    messages = [bytes(range(256)), b"", b"x" * 3_000_000]
    for message in messages:
        guest.push(HOST, TOPIC, message)
    assert [host.pop(GUEST, TOPIC, timeout=30) for _ in messages] == messages
    assert host.peek(GUEST, TOPIC) is None
    assert guest.traffic.sent_bytes == host.traffic.received_bytes == sum(map(len, messages))


def test_headers_are_those_of_the_standard(node: FakeTransport, guest: TransportClient) -> None:
    """TRN-3.1-headers, TRN-5.1-http, resolution 13."""
    guest.push(HOST, TOPIC, b"x")
    sent = node.calls[-1].headers
    assert {name: sent[name] for name in sent if name.startswith("x-") or name == "content-type"} == {
        "content-type": "application/x-protobuf",
        headers.PTP_TECH_PROVIDER_CODE: "interconn",
        headers.PTP_TRACE_ID: "trace_1",
        headers.PTP_TOKEN: "token-a",
        headers.PTP_SESSION_ID: "session_1",
        headers.PTP_TARGET_NODE_ID: "node-b",
        headers.PTP_TARGET_INST_ID: "inst-b",
        headers.PTP_TOPIC: TOPIC,
        headers.MESSAGE_ID: sent[headers.MESSAGE_ID],
    }


def test_topics_do_not_mix(guest: TransportClient, host: TransportClient) -> None:
    """TRN-3.2-topic."""
    guest.push(HOST, "a", b"1")
    guest.push(HOST, "b", b"2")
    assert host.pop(GUEST, "b", timeout=30) == b"2"
    assert host.pop(GUEST, "a", timeout=30) == b"1"


def test_a_pop_waits_for_its_message(node: FakeTransport, guest: TransportClient, host: TransportClient) -> None:
    """TRN-3.2.2: pop before push returns with the push."""
    asked = threading.Event()
    node.intercept = lambda call: asked.set() if call.path == POP else None
    got: list[bytes | None] = []
    waiter = threading.Thread(target=lambda: got.append(host.pop(GUEST, TOPIC, timeout=30)))
    waiter.start()
    asked.wait()
    guest.push(HOST, TOPIC, b"late")
    waiter.join()
    assert got == [b"late"]


@pytest.mark.parametrize("code", [PtpCode.SUCCESS, PtpCode.NOT_FOUND, PtpCode.TIMEOUT])
def test_every_way_to_say_nothing_yet_is_understood(node: FakeTransport, host: TransportClient, code: PtpCode) -> None:
    """notes on peers: an empty pop is E0000000000, E0000000404 or E0000000601, depending on the maker."""
    node.intercept = lambda call: code
    assert host.peek(GUEST, TOPIC) is None
    assert host.pop(GUEST, TOPIC, timeout=0) is None


def test_long_waits_are_cut_into_short_polls(
    node: FakeTransport, guest: TransportClient, host: TransportClient
) -> None:
    """Gateways cut idle connections; the fake listener refuses polls of more than 25 seconds."""
    polls = 0

    def nothing_twice(call: Call) -> PtpCode | None:
        nonlocal polls
        polls += call.path == POP
        return PtpCode.SUCCESS if call.path == POP and polls < 3 else None

    node.intercept = nothing_twice
    guest.push(HOST, TOPIC, b"x")
    assert host.pop(GUEST, TOPIC, timeout=3600) == b"x"
    assert polls == 3


def test_a_lost_answer_to_a_push_makes_no_second_message(
    node: FakeTransport, guest: TransportClient, host: TransportClient
) -> None:
    """Our message id is kept on retries so that the node can drop doubles."""
    outcomes = iter(["drop", "drop"])
    node.intercept = lambda call: next(outcomes, None) if call.path == PUSH else None
    guest.push(HOST, TOPIC, b"once")
    pushes = [call for call in node.calls if call.path == PUSH]
    assert len(pushes) == 3
    assert len({call.headers[headers.MESSAGE_ID] for call in pushes}) == 1
    assert host.pop(GUEST, TOPIC, timeout=30) == b"once"
    assert host.peek(GUEST, TOPIC) is None


def test_a_lost_answer_to_a_pop_loses_no_message(
    node: FakeTransport, guest: TransportClient, host: TransportClient
) -> None:
    """A message is given again until a later pop acknowledges it."""
    for message in (b"1", b"2"):
        guest.push(HOST, TOPIC, message)
    outcomes = iter([None, "drop", None])
    node.intercept = lambda call: next(outcomes, None) if call.path == POP else None
    assert [host.pop(GUEST, TOPIC, timeout=30) for _ in range(2)] == [b"1", b"2"]
    assert len(node.given) == 3
    assert node.acknowledged == node.given[:1]


def test_a_message_given_again_after_its_acknowledgement_is_dropped(
    node: FakeTransport, guest: TransportClient, host: TransportClient
) -> None:
    """A node that crashed between acknowledgement and disk gives the same id once more."""
    guest.push(HOST, TOPIC, b"1")
    assert host.pop(GUEST, TOPIC, timeout=30) == b"1"

    def forget_acknowledgement(call: Call) -> None:
        if call.path == POP and len(node.given) == 1:
            call.headers.pop(headers.MESSAGE_TAKEN, None)

    node.intercept = forget_acknowledgement
    guest.push(HOST, TOPIC, b"2")
    assert host.pop(GUEST, TOPIC, timeout=30) == b"2"
    assert node.given[0] == node.given[1]


def test_release_acknowledges_the_last_message(
    node: FakeTransport, guest: TransportClient, host: TransportClient
) -> None:
    """TRN-3.2.4."""
    guest.push(HOST, TOPIC, b"1")
    host.pop(GUEST, TOPIC, timeout=30)
    host.release(GUEST, TOPIC)
    assert node.calls[-1].path == RELEASE
    assert node.acknowledged == node.given
    with pytest.raises(TransportError) as released:
        guest.push(HOST, TOPIC, b"2")
    assert released.value.ptp_code == PtpCode.SESSION_RELEASED
    assert released.value.clause == "TRN-XA-E0000000608"


def test_a_full_buffer_is_waited_for(node: FakeTransport, guest: TransportClient) -> None:
    """TRN-XA-E0000000700."""
    outcomes: Iterator[Forced] = iter([PtpCode.BUFFER_FULL, 503, 502])
    node.intercept = lambda call: next(outcomes, None)
    guest.push(HOST, TOPIC, b"x")
    assert node.pushed[TOPIC] == [b"x"]


def test_a_restart_of_the_node_is_survived(node: FakeTransport, guest: TransportClient, host: TransportClient) -> None:
    guest.push(HOST, TOPIC, b"1")
    node.stop()
    sender = threading.Thread(target=guest.push, args=(HOST, TOPIC, b"2"))
    sender.start()
    node.start()
    sender.join()
    assert [host.pop(GUEST, TOPIC, timeout=30) for _ in range(2)] == [b"1", b"2"]


def test_a_node_that_stays_away_is_an_error(node: FakeTransport) -> None:
    node.stop()
    with client(node, "token-a", retry_seconds=0) as impatient, pytest.raises(TransportError) as failed:
        impatient.push(HOST, TOPIC, b"x")
    assert failed.value.ptp_code == PtpCode.NOT_CONNECTED


@pytest.mark.parametrize("code", [PtpCode.FORBIDDEN, PtpCode.SESSION_RELEASED, PtpCode.TOO_LARGE, PtpCode.BAD_REQUEST])
def test_a_refusal_is_not_repeated(node: FakeTransport, guest: TransportClient, code: PtpCode) -> None:
    node.intercept = lambda call: code
    with pytest.raises(TransportError) as refused:
        guest.push(HOST, TOPIC, b"x")
    assert refused.value.ptp_code == code
    assert len(node.calls) == 1


def test_an_answer_that_is_no_message_of_the_standard_is_an_error(node: FakeTransport, guest: TransportClient) -> None:
    """TRN-XA-E0000000616: a page of a proxy, say."""
    node.intercept = lambda call: 404
    with pytest.raises(TransportError) as refused:
        guest.push(HOST, TOPIC, b"x")
    assert refused.value.ptp_code == PtpCode.UNDECODABLE


def test_a_wrong_token_is_refused_without_being_shown(node: FakeTransport) -> None:
    with client(node, "token-of-nobody") as stranger, pytest.raises(TransportError) as refused:
        stranger.peek(GUEST, TOPIC)
    assert refused.value.ptp_code == PtpCode.FORBIDDEN
    assert "token-of-nobody" not in str(refused.value)


def test_many_threads_lose_and_double_nothing(guest: TransportClient, host: TransportClient) -> None:
    count, threads = 40, 4

    def send(base: int) -> None:
        for at in range(count):
            guest.push(HOST, TOPIC, b"%d" % (base + at))

    senders = [threading.Thread(target=send, args=(base,)) for base in range(0, count * threads, count)]
    got: list[bytes | None] = []
    readers = [
        threading.Thread(target=lambda: got.extend(host.pop(GUEST, TOPIC, timeout=30) for _ in range(count)))
        for _ in range(threads)
    ]
    for thread in senders + readers:
        thread.start()
    for thread in senders + readers:
        thread.join()
    assert sorted(int(one or b"-1") for one in got) == list(range(count * threads))
