"""The exchange of ECDH-PSI: what is on the wire, what comes out, and peers that cheat (ALG-PSI-5.1, ALG-2.3)."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from interconn.algorithms.ecdh_psi.multiplier import Multiplier
from interconn.algorithms.ecdh_psi.own_items import OwnItems
from interconn.algorithms.ecdh_psi.protocol import Exchange, Outcome
from interconn.algorithms.ecdh_psi.suite import Curve25519Sha256
from interconn.algorithms.ecdh_psi.tags import Tags, intersect
from interconn.algorithms.link import Link, LinkLimits
from interconn.standard.errors import ProtocolError
from interconn.standard.protobuf.ecdh_psi_pb2 import EcdhPsiCipherBatch
from interconn.standard.protobuf.link_pb2 import PushRequest
from tests.algorithms.memory_wire import Wire, together

LIMITS = LinkLimits(patience=30, closing=30)


class FixedKey(Curve25519Sha256):
    """The suite with a secret that the test knows."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def new_key(self) -> bytes:
        return self.key


def exchange(
    wire: Wire, rank: int, keys: Sequence[bytes], home: Path, *, suite: Curve25519Sha256 | None = None, **options: Any
) -> Outcome:
    """Run one party of two."""
    suite = suite or Curve25519Sha256()
    directory = home / str(rank)
    directory.mkdir(parents=True, exist_ok=True)
    link = Link(wire.carrier(rank), rank, 2, LIMITS)
    with OwnItems(directory, 32) as items:
        items.append(suite.hash_to_points(keys))
        link.connect()
        with link:
            run = Exchange(
                link=link, peer=1 - rank, suite=suite, items=items, work_directory=directory, workers=0,
                **{"receives": True, "gives": True, "batch_size": 3, **options},
            )  # fmt: skip
            return run.run()


def both(
    wire: Wire, left: Sequence[bytes], right: Sequence[bytes], home: Path, **options: Any
) -> tuple[Outcome, Outcome]:
    outcomes = together(
        lambda: exchange(wire, 0, left, home, **options), lambda: exchange(wire, 1, right, home, **options)
    )
    return outcomes[0], outcomes[1]  # type: ignore[return-value]


def batches(wire: Wire, source: int, kind: str) -> list[EcdhPsiCipherBatch]:
    """The batches of a kind that a rank has sent."""
    requests = [PushRequest.FromString(frame) for sender, _, frame in wire.sent if sender == source]
    found = [EcdhPsiCipherBatch.FromString(one.value) for one in requests if ":P2P-" in one.key]
    return [batch for batch in found if batch.type == kind]


def x25519(key: bytes, point: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(key).exchange(X25519PublicKey.from_public_bytes(point))


def test_the_ciphertexts_are_those_of_an_independent_computation(tmp_path: Path) -> None:
    """ALG-2.3-framing, ALG-HS-suites: u = SHA-256(item), X25519, the last 12 bytes of the second product."""
    wire = Wire()
    left, right = [b"%d" % one for one in range(7)], [b"%d" % one for one in range(4, 9)]
    secrets = {0: os.urandom(32), 1: os.urandom(32)}
    together(*(
        lambda rank=rank, keys=keys: exchange(wire, rank, keys, tmp_path, suite=FixedKey(secrets[rank]))
        for rank, keys in ((0, left), (1, right))
    ))  # fmt: skip
    for rank, keys in ((0, left), (1, right)):
        enc = b"".join(batch.ciphertext for batch in batches(wire, rank, "enc"))
        points = [enc[at : at + 32] for at in range(0, len(enc), 32)]
        assert set(points) == {x25519(secrets[rank], hashlib.sha256(key).digest()) for key in keys}
        dual = b"".join(batch.ciphertext for batch in batches(wire, 1 - rank, "dual.enc"))
        assert dual == b"".join(x25519(secrets[1 - rank], point)[-12:] for point in points)


def test_streams_are_numbered_and_end_with_an_empty_batch(tmp_path: Path) -> None:
    """ALG-2.3-batches; enc on root, dual.enc on root-0 (notes on ECDH-PSI)."""
    wire = Wire()
    both(wire, [b"%d" % one for one in range(7)], [b"x"], tmp_path)
    sent = batches(wire, 0, "enc")
    assert [(one.batch_index, one.count, one.is_last_batch) for one in sent] == [
        (0, 3, False), (1, 3, False), (2, 1, False), (3, 0, True),
    ]  # fmt: skip
    assert [(one.batch_index, one.count, one.is_last_batch) for one in batches(wire, 0, "dual.enc")] == [
        (0, 1, False), (1, 0, True),
    ]  # fmt: skip
    for sender, _, frame in wire.sent:
        request = PushRequest.FromString(frame)
        if ":P2P-" in request.key:
            kind = EcdhPsiCipherBatch.FromString(request.value).type
            assert request.key.startswith({"enc": "root:P2P-", "dual.enc": "root-0:P2P-"}[kind])
            assert request.sender_rank == sender


@settings(max_examples=25)
@given(st.sets(st.binary(min_size=1, max_size=2), max_size=20), st.sets(st.binary(min_size=1, max_size=2), max_size=20))
def test_any_two_sets_give_their_plaintext_join(
    tmp_path_factory: pytest.TempPathFactory, left: set[bytes], right: set[bytes]
) -> None:
    """ALG-PSI-5.1, empty sets included; both sides name the shared keys in one order."""
    ours, theirs = list(left), list(right)
    mine, yours = both(Wire(), ours, theirs, tmp_path_factory.mktemp("run"))
    assert mine.rows is not None
    assert yours.rows is not None
    named = [ours[row] for row in mine.rows]
    assert named == [theirs[row] for row in yours.rows]
    assert set(named) == left & right
    assert (mine.peer_items, yours.peer_items) == (len(right), len(left))


def test_the_order_on_the_wire_tells_nothing_of_the_order_of_rows(tmp_path: Path) -> None:
    keys = [b"%d" % one for one in range(40)]
    secret = os.urandom(32)
    orders = []
    for run in range(2):
        wire = Wire()
        together(
            lambda wire=wire, run=run: exchange(wire, 0, keys, tmp_path / str(run), suite=FixedKey(secret)),  # type: ignore[misc]
            lambda wire=wire, run=run: exchange(wire, 1, [b"1"], tmp_path / str(run)),  # type: ignore[misc]
        )
        orders.append(b"".join(batch.ciphertext for batch in batches(wire, 0, "enc")))
    table = b"".join(x25519(secret, hashlib.sha256(key).digest()) for key in keys)
    assert len({table, *orders}) == 3  # 40! orders: by chance never equal


def test_no_two_runs_share_a_ciphertext(tmp_path: Path) -> None:
    """A fresh secret each run."""
    sent = []
    for run in range(2):
        wire = Wire()
        both(wire, [b"same"], [b"same"], tmp_path / str(run))
        sent.append({frame for rank in (0, 1) for batch in batches(wire, rank, "enc") for frame in [batch.ciphertext]})
    assert not (sent[0] & sent[1]) - {b""}


def test_a_party_that_may_not_see_the_result_gets_no_second_ciphertext(tmp_path: Path) -> None:
    """ALG-PSI-result: to the others step 4 sends nothing."""
    wire = Wire()
    keys = [b"%d" % one for one in range(5)]
    seeing, blind = together(
        lambda: exchange(wire, 0, keys, tmp_path, gives=False),
        lambda: exchange(wire, 1, keys[2:], tmp_path, receives=False),
    )
    assert isinstance(seeing, Outcome)
    assert isinstance(blind, Outcome)
    assert seeing.rows is not None
    assert sorted(seeing.rows.tolist()) == [2, 3, 4]
    assert blind.rows is None
    assert batches(wire, 0, "dual.enc") == []
    assert batches(wire, 1, "dual.enc") != []


def point() -> bytes:
    return X25519PrivateKey.generate().public_key().public_bytes_raw()


def enc(index: int, *points: bytes, last: bool = False, **members: Any) -> bytes:
    return EcdhPsiCipherBatch(
        **{
            "type": "enc", "batch_index": index, "is_last_batch": last, "count": len(points),
            "ciphertext": b"".join(points), **members,
        }
    ).SerializeToString()  # fmt: skip


# RFC 7748, section 6.1, and the list of points of small order it refers to.
SMALL_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]

CHEATS = {
    "garbage": ([b"\xff\xff"], "no batch"),
    "another_type": ([enc(0, point(), type="dual.enc")], "another type"),
    "index_from_one": ([enc(1, point())], "another index"),
    "index_repeated": ([enc(0, point()), enc(0, point())], "another index"),
    "index_negative": ([enc(-1, point())], "another index"),
    "count_too_high": ([enc(0, point(), count=2)], "count"),
    "count_too_low": ([enc(0, point(), point(), count=1)], "count"),
    "count_negative": ([enc(0, point(), count=-1)], "count"),
    "points_cut_short": ([enc(0, point()[:31], count=1)], "count"),
    "points_too_long": ([enc(0, point() + b"x", count=1)], "count"),
    "empty_and_not_last": ([enc(0)], "empty and not the last"),
    "repeated_items_told": ([enc(0, point(), duplicate_item_cnt_map={0: 1})], "repeated items"),
    "more_items_than_accepted": ([enc(index, *[point()] * 5) for index in range(3)], "more than 10"),
    **{f"point_of_small_order_{at}": ([enc(0, bad)], "small order") for at, bad in enumerate(SMALL_ORDER)},
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheating_peer_ends_the_run(tmp_path: Path, name: str) -> None:
    """ALG-2.3-EcdhPsiCipherBatch; the honest side sees nothing of a result."""
    messages, words = CHEATS[name]
    wire = Wire()

    def cheat() -> None:
        link = Link(wire.carrier(1), 1, 2, LIMITS)
        link.connect()
        root = link.channel("root")
        for message in messages:
            root.send(0, message)

    def honest() -> None:
        with pytest.raises(ProtocolError, match=words):
            exchange(wire, 0, [b"a", b"b"], tmp_path, most_items=10)

    together(honest, cheat)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([b"a" * 12, b"b" * 12, b"c" * 12], "more than 2 items"),
        ([b"a" * 12], "1 answers came for 2 items"),
        ([b"a" * 12, b"a" * 12], "not unique"),
    ],
)
def test_answers_that_do_not_fit_what_was_sent_end_the_run(tmp_path: Path, answers: list[bytes], words: str) -> None:
    wire = Wire()

    def cheat() -> None:
        link = Link(wire.carrier(1), 1, 2, LIMITS)
        link.connect()
        root = link.channel("root")
        dual = root.spawn()
        root.send(0, enc(0, last=True))
        for _ in range(2):
            root.receive(0)
        dual.send(0, enc(0, *answers, type="dual.enc"))
        dual.send(0, enc(1, type="dual.enc", last=True))

    def honest() -> None:
        with pytest.raises(ProtocolError, match=words):
            exchange(wire, 0, [b"a", b"b"], tmp_path)

    together(honest, cheat)


def test_a_peer_whose_items_repeat_ends_the_run(tmp_path: Path) -> None:
    """ALG-2.3-duplicates: the outputs of the two sides would no longer line up."""
    wire = Wire()
    with pytest.raises(ProtocolError, match="not unique"):
        both(wire, [b"a", b"b"], [b"a", b"a"], tmp_path)


def test_workers_multiply_as_one_process_does() -> None:
    suite = Curve25519Sha256()
    key = suite.new_key()
    points = b"".join(point() for _ in range(1500))
    with Multiplier(suite, key, expected=1, workers=2) as multiplier:
        assert multiplier.multiply(points) == suite.multiply(key, points)
        assert multiplier.multiply(b"") == b""
        with pytest.raises(ProtocolError, match="small order"):
            multiplier.multiply(points[:-32] + bytes(32))
        assert multiplier.multiply(points[:64]) == suite.multiply(key, points[:64])


def test_multiplication_is_x25519_of_rfc_7748() -> None:
    """RFC 7748, section 5.2, first two vectors."""
    suite = Curve25519Sha256()
    for key, u, product in (
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ):
        assert suite.multiply(bytes.fromhex(key), bytes.fromhex(u)).hex() == product


@given(st.integers(0, 400), st.integers(1, 50))
@settings(max_examples=20)
def test_every_row_is_handed_out_once_and_found_again(
    tmp_path_factory: pytest.TempPathFactory, count: int, batch_size: int
) -> None:
    points = [number.to_bytes(32, "big") for number in range(count)]
    with OwnItems(tmp_path_factory.mktemp("items"), 32) as items:
        items.append(b"".join(points[: count // 2]))
        items.append(b"".join(points[count // 2 :]))
        done = 0
        rows: list[int] = []
        for batch in items.shuffled(batch_size):
            size = len(batch) // 32
            assert 0 < size <= batch_size
            found = items.rows(done, size).tolist()
            assert [points[row] for row in found] == [batch[at : at + 32] for at in range(0, len(batch), 32)]
            rows += found
            done += size
        assert sorted(rows) == list(range(count))
        assert len(items.rows(done, 1)) == 0


@given(
    st.sets(st.binary(min_size=12, max_size=12), max_size=50),
    st.sets(st.binary(min_size=12, max_size=12), max_size=50),
    st.randoms(),
)
def test_tags_intersect_as_sets_do_zeros_at_their_end_included(
    tmp_path_factory: pytest.TempPathFactory, left: set[bytes], right: set[bytes], chance: random.Random
) -> None:
    ours = [
        *left,
        *(tag for tag in right if chance.random() < 0.5 and tag not in left),
        bytes(11) + b"\1",
        b"\1" + bytes(11),
    ]
    ours = list(dict.fromkeys(ours))
    theirs = list(dict.fromkeys([*right, b"\1" + bytes(11), bytes(10) + b"\1\0"]))
    home = tmp_path_factory.mktemp("tags")
    with Tags(home, "own") as own, Tags(home, "peer") as peer:
        own.add(b"".join(ours), np.arange(len(ours), dtype=np.uint64))
        peer.add(b"".join(theirs), np.arange(len(theirs), dtype=np.uint64))
        found = [ours[row] for row in intersect(own, peer)]
    assert found == sorted(set(ours) & set(theirs))
    assert list(home.iterdir()) == []
