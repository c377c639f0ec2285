"""The link between honest parties, and against peers that break it (ALG-3.1, ALG-LINK)."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.algorithms.link import Link, LinkLimits, frames
from interconn.algorithms.link.mailbox import Mailbox, SeenNumbers
from interconn.standard.errors import ProtocolError, TransportError
from interconn.standard.protobuf.link_pb2 import CHUNKED, ChunkInfo, PushRequest
from interconn.standard.transport import PtpCode
from tests.algorithms.memory_wire import Wire, WireEnd, together

FAST = LinkLimits(whole_bytes=1000, maximum_message=100_000, maximum_buffered=300_000, patience=30, closing=30)
IMPATIENT = LinkLimits(whole_bytes=1000, maximum_message=100_000, maximum_buffered=300_000, patience=0.2, closing=0.2)


def pair(wire: Wire, limits: LinkLimits = FAST) -> tuple[Link, Link]:
    links = [Link(wire.carrier(rank), rank, 2, limits) for rank in range(2)]
    together(*(link.connect for link in links))
    return links[0], links[1]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_the_wire_holds_exactly_what_the_notes_say(wire: Wire) -> None:
    """ALG-LINK-connect, ALG-LINK-p2p, ALG-LINK-subchannel, ALG-LINK-allgather."""
    left, right = pair(wire)
    root = {link: link.channel() for link in (left, right)}
    sub = {link: root[link].spawn() for link in (left, right)}
    root[left].send(1, b"one")
    sub[left].send(1, b"two")
    root[left].send(1, b"three")
    assert [root[right].receive(0), sub[right].receive(0), root[right].receive(0)] == [b"one", b"two", b"three"]
    assert together(lambda: root[left].all_gather(b"l"), lambda: root[right].all_gather(b"r")) == [[b"l", b"r"]] * 2
    together(left.close, right.close)
    from_left = [PushRequest.FromString(frame) for source, _, frame in wire.sent if source == 0]
    assert [(one.key, one.value) for one in from_left if not one.key.startswith("ACK")] == [
        ("connect_0\x01\x020", b""),
        ("root:P2P-1:0->1\x01\x021", b"one"),
        ("root-0:P2P-1:0->1\x01\x022", b"two"),
        ("root:P2P-2:0->1\x01\x023", b"three"),
        ("root:1:ALLGATHER\x01\x024", b"l"),
        ("FIN\x01\x02", b"4"),
    ]
    from_right = [PushRequest.FromString(frame) for source, _, frame in wire.sent if source == 1]
    assert [one.value for one in from_right if one.key == "ACK\x01\x02"] == [b"1", b"2", b"3", b"4"]
    assert {one.sender_rank for one in from_right} == {1}


def test_a_whole_message_is_told_as_the_table_has_it() -> None:
    """ALG-3.1-PushRequest: 08 01 12 01 61 for rank 1 and key a."""
    assert PushRequest(sender_rank=1, key="a").SerializeToString() == bytes.fromhex("0801120161")


def test_long_messages_arrive_from_parts_in_any_order_and_doubled(wire: Wire) -> None:
    """ALG-3.1-mode."""
    held: list[bytes] = []

    def backwards_and_twice(frame: bytes) -> list[bytes]:
        if PushRequest.FromString(frame).trans_type != CHUNKED:
            return [frame]
        held.append(frame)
        return [one for one in reversed(held) for _ in range(2)] if len(held) == 4 else []

    wire.change = backwards_and_twice
    left, right = pair(wire)
    message = bytes(range(256)) * 15  # 3,840 bytes: four parts
    left.channel().send(1, message)
    assert right.channel().receive(0) == message
    together(left.close, right.close)


def test_doubled_frames_change_nothing(wire: Wire) -> None:
    """A duplicate sequence is ignored."""
    wire.change = lambda frame: [frame, frame]
    left, right = pair(wire)
    mine, theirs = left.channel(), right.channel()
    for number in range(30):
        mine.send(1, b"%d" % number)
        assert theirs.receive(0) == b"%d" % number
    together(left.close, right.close)


def test_no_more_than_the_window_is_under_way(wire: Wire) -> None:
    left, right = pair(wire)
    mine, theirs = left.channel(), right.channel()

    def send_all() -> None:
        for _ in range(25):
            mine.send(1, b"x")

    sender = threading.Thread(target=send_all)
    sender.start()
    most = 0
    for _ in range(25):
        assert theirs.receive(0) == b"x"
        pushed = sum(b"P2P" in frame for source, _, frame in wire.sent if source == 0)
        acknowledged = sum(b"ACK" in frame for source, _, frame in wire.sent if source == 1)
        most = max(most, pushed - acknowledged)
    sender.join()
    assert most <= FAST.window
    together(left.close, right.close)


def test_two_channels_with_half_the_window_each_cannot_block_each_other(wire: Wire) -> None:
    """What ECDH-PSI rests on: enc unread on both sides, dual.enc flows all the same."""
    left, right = pair(wire)
    for link in (left, right):
        root = link.channel("root", window=5)
        dual = root.spawn(window=5)
        for _ in range(5):
            root.send(1 - link.rank, b"enc")
        dual.send(1 - link.rank, b"dual")
    for link in (left, right):
        assert link.channel("root").spawn().receive(1 - link.rank) == b"dual"
    together(left.close, right.close)


def test_three_parties_gather(wire: Wire) -> None:
    """ALG-LINK-rank, ALG-LINK-allgather."""
    links = [Link(wire.carrier(rank), rank, 3, FAST) for rank in range(3)]
    together(*(link.connect for link in links))
    gathered = together(*(lambda link=link: link.channel().all_gather(b"%d" % link.rank) for link in links))
    assert gathered == [[b"0", b"1", b"2"]] * 3
    together(*(link.close for link in links))


def test_unread_messages_do_not_hold_up_the_end(wire: Wire) -> None:
    left, right = pair(wire)
    left.channel().send(1, b"never read")
    together(left.close, right.close)


def test_a_party_that_gives_up_is_noticed_at_once(wire: Wire) -> None:
    left, right = pair(wire)
    with pytest.raises(RuntimeError), left:
        raise RuntimeError
    with pytest.raises(ProtocolError, match="finished without sending"):
        right.channel().receive(0)


def test_a_lost_answer_to_the_very_last_frame_is_no_failure() -> None:
    """The peer has it, has ended and given its queue up; the repeated push is then told E0000000608."""

    class LosesAnswers(WireEnd):
        def send(self, rank: int, frame: bytes) -> None:
            super().send(rank, frame)
            if b"FIN" in frame or b"ACK" in frame:
                raise TransportError("refused", ptp_code=PtpCode.SESSION_RELEASED)

    wire = Wire()
    links = [Link(LosesAnswers(wire, rank), rank, 2, FAST) for rank in range(2)]
    together(*(link.connect for link in links))
    links[0].channel().send(1, b"x")
    assert links[1].channel().receive(0) == b"x"
    together(*(link.close for link in links))


def test_a_message_to_a_queue_given_up_is_a_failure(wire: Wire) -> None:
    class GivenUp(WireEnd):
        def send(self, rank: int, frame: bytes) -> None:
            if b"P2P" in frame:
                raise TransportError("refused", ptp_code=PtpCode.SESSION_RELEASED)
            super().send(rank, frame)

    links = [Link(GivenUp(wire, rank), rank, 2, FAST) for rank in range(2)]
    together(*(link.connect for link in links))
    with pytest.raises(TransportError):
        links[0].channel().send(1, b"x")


@pytest.mark.parametrize("name", ["", "a-b", "a:b", "a b", "é", "a\x01\x02"])
def test_channel_names_outside_of_the_pattern_are_refused(wire: Wire, name: str) -> None:
    """ALG-LINK-channel."""
    with pytest.raises(ProtocolError):
        Link(wire.carrier(0), 0, 2).channel(name)


@pytest.mark.parametrize(("rank", "size"), [(-1, 2), (2, 2), (0, 0)])
def test_a_rank_outside_of_the_group_is_refused(wire: Wire, rank: int, size: int) -> None:
    """ALG-LINK-rank."""
    with pytest.raises(ProtocolError):
        Link(wire.carrier(0), rank, size)


def frame(key: str, value: bytes = b"", sender: int = 1, **members: object) -> bytes:
    return PushRequest(sender_rank=sender, key=key, value=value, **members).SerializeToString()  # type: ignore[arg-type]


def part(key: str, value: bytes, offset: int, length: int) -> bytes:
    return frame(key, value, trans_type=CHUNKED, chunk_info=ChunkInfo(message_length=length, chunk_offset=offset))


DUE = "root:P2P-1:1->0\x01\x02"
HOSTILE = {
    "garbage": [b"\xff\xff\xff"],
    "another_sender": [frame(f"{DUE}1", b"x", sender=0)],
    "no_sequence": [frame("root:P2P-1:1->0", b"x")],
    "sequence_is_no_number": [frame(f"{DUE}one", b"x")],
    "sequence_of_nineteen_digits": [frame(f"{DUE}{10**18}", b"x")],
    "empty_key": [frame("\x01\x021", b"x")],
    "endless_key": [frame("k" * 5000 + "\x01\x021", b"x")],
    "key_is_no_text": [b"\x08\x01\x12\x02\xff\xfe"],
    "unknown_kind_of_transfer": [frame(f"{DUE}1", b"x", trans_type=7)],
    "part_beyond_its_message": [part(f"{DUE}1", b"xx", 9, 10)],
    "part_with_offset_beyond_64_bits_sum": [part(f"{DUE}1", b"xx", 2**64 - 1, 2**64 - 1)],
    "empty_part": [part(f"{DUE}1", b"", 0, 10)],
    "message_claims_too_much": [part(f"{DUE}1", b"x", 0, 10**12)],
    "parts_disagree_on_length": [part(f"{DUE}1", b"x", 0, 10), part(f"{DUE}1", b"x", 1, 11)],
    "parts_disagree_on_key": [part(f"{DUE}1", b"x", 0, 10), part("other\x01\x021", b"x", 1, 10)],
    "parts_overlap": [part(f"{DUE}1", b"xxx", 0, 4), part(f"{DUE}1", b"xxx", 1, 4)],
    "two_messages_with_one_key": [frame("k\x01\x021", b"a"), frame("k\x01\x022", b"b")],
    "gaps_without_end": [frame("k\x01\x0299999", b"a")],
    "flood": [frame(f"k{number}\x01\x02{number}", bytes(50_000)) for number in range(1, 9)],
    "flood_of_uncounted_keys": [frame(f"k{number}\x01\x020") for number in range(5000)],
    "flood_of_open_parts": [part(f"k\x01\x02{number}", b"x", 0, 10) for number in range(1, 5000)],
    "acknowledges_what_was_never_sent": [frame("ACK\x01\x02", b"7")],
    "acknowledgement_is_no_number": [frame("ACK\x01\x02", b"\xff")],
    "tells_two_ends": [frame("FIN\x01\x02", b"3"), frame("FIN\x01\x02", b"4")],
    "tells_fewer_than_it_sent": [frame("k\x01\x021", b"a"), frame("FIN\x01\x02", b"0")],
    "sends_more_than_it_told": [frame("FIN\x01\x02", b"1"), frame("a\x01\x021"), frame("b\x01\x022")],
    "finishes_instead_of_sending": [frame("FIN\x01\x02", b"0")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_peer_ends_in_a_protocol_error(wire: Wire, name: str) -> None:
    link = Link(wire.carrier(0), 0, 2, FAST)
    wire.queue(1, 0).put(frame("connect_1\x01\x020"))
    link.connect()
    for one in HOSTILE[name]:
        wire.queue(1, 0).put(one)
    with pytest.raises(ProtocolError) as refused:
        link.channel().receive(1)
    assert "sends nothing" not in refused.value.message  # for what it did, not for its silence afterwards


@pytest.mark.parametrize("frames_sent", [[], [frame("connect_1\x01\x020")] * 100, [part(f"{DUE}1", b"x", 0, 10)] * 100])
def test_a_peer_that_brings_nothing_new_is_given_up(wire: Wire, frames_sent: list[bytes]) -> None:
    link = Link(wire.carrier(0), 0, 2, IMPATIENT)
    wire.queue(1, 0).put(frame("connect_1\x01\x020"))
    link.connect()
    for one in frames_sent:
        wire.queue(1, 0).put(one)
    with pytest.raises(ProtocolError, match="sends nothing"):
        link.channel().receive(1)


def test_a_peer_that_never_shows_itself_is_given_up(wire: Wire) -> None:
    """ALG-LINK-connect."""
    with pytest.raises(ProtocolError, match="sends nothing"):
        Link(wire.carrier(0), 0, 2, IMPATIENT).connect()


def test_a_peer_that_reads_nothing_is_given_up(wire: Wire) -> None:
    wire.queue(1, 0).put(frame("connect_1\x01\x020"))
    link = Link(wire.carrier(0), 0, 2, IMPATIENT)
    link.connect()
    channel = link.channel()
    for _ in range(IMPATIENT.window):
        channel.send(1, b"x")
    with pytest.raises(ProtocolError, match="does not read"):
        channel.send(1, b"x")


@pytest.mark.parametrize("last", [[], [frame("FIN\x01\x02", b"0")], [frame("ACK\x01\x02", b"1")]])
def test_a_peer_that_does_not_end_in_order_is_told(wire: Wire, last: list[bytes]) -> None:
    wire.queue(1, 0).put(frame("connect_1\x01\x020"))
    link = Link(wire.carrier(0), 0, 2, IMPATIENT)
    link.connect()
    link.channel().send(1, b"x")
    for one in last:
        wire.queue(1, 0).put(one)
    with pytest.raises(ProtocolError, match="has not"):
        link.close()


@given(st.binary(max_size=64))
def test_no_bytes_break_the_decoder(body: bytes) -> None:
    try:
        found = frames.decode(body, 0)
    except ProtocolError:
        return
    assert found.sequence >= 0


@given(st.binary(max_size=300), st.integers(1, 60), st.randoms())
def test_parts_in_any_order_make_the_message(message: bytes, size: int, chance: random.Random) -> None:
    """ALG-3.1-mode: the sender chooses the size of parts."""
    parts = [frames.decode(one, 0) for one in frames.encode(0, "k", 1, message, size)] * 2
    chance.shuffle(parts)
    mailbox = Mailbox(1000, 1000)
    for one in parts:
        mailbox.put(one)
    assert mailbox.get("k") == (1, message)
    assert mailbox.get("k") is None
    assert mailbox.size == (1, 0, 0)


@given(st.permutations(range(1, 30)))
def test_sequence_numbers_are_seen_once_in_any_order(numbers: list[int]) -> None:
    seen = SeenNumbers()
    for count, number in enumerate(numbers, start=1):
        assert number not in seen
        seen.add(number)
        assert number in seen
        assert seen.count == count
    assert seen.all_up_to == 29
