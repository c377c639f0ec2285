"""A party of ECDH-PSI, over a link whose frames travel by push (ALG clauses and docs/partners.md)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from tests.interoperation.protobuf import message, number, octets, parse

SEPARATOR = "\x01\x02"
MONO, CHUNKED = 0, 1
POINT, TRUNCATED = 32, 12


@dataclass
class Link:
    """Frames of org.interconnection.link between this party and the one other."""

    rank: int
    push: Callable[[bytes], None]
    pop: Callable[[], bytes]
    sent: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    arrived: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    chunks: dict[str, dict[int, bytes]] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    finished: int | None = None

    @property
    def other(self) -> int:
        return 1 - self.rank

    def frame(self, key: str, value: bytes) -> None:
        self.push(message({1: self.rank, 2: key, 3: value, 4: MONO, 5: message({1: len(value), 2: 0})}))

    def connect(self) -> None:
        self.frame(f"connect_{self.rank}{SEPARATOR}0", b"")
        while f"connect_{self.other}" not in self.arrived:
            self.take()

    def send(self, channel: str, value: bytes) -> None:
        self.sent += 1
        self.frame(self.key(channel, f"{self.rank}->{self.other}") + f"{SEPARATOR}{self.sent}", value)

    def receive(self, channel: str) -> bytes:
        key = self.key(channel, f"{self.other}->{self.rank}")
        while key not in self.arrived:
            self.take()
        sequence, value = self.arrived.pop(key)
        self.frame(f"ACK{SEPARATOR}", str(sequence).encode())
        return value

    def close(self) -> None:
        """Wait until all was consumed, and tell the other side how much there was."""
        while self.acknowledged < set(range(1, self.sent + 1)):
            self.take()
        self.frame(f"FIN{SEPARATOR}", str(self.sent).encode())
        while self.finished is None:
            self.take()

    def key(self, channel: str, direction: str) -> str:
        name = f"{channel} {direction}"
        self.counters[name] = self.counters.get(name, 0) + 1
        return f"{channel}:P2P-{self.counters[name]}:{direction}"

    def take(self) -> None:
        fields = parse(self.pop())
        assert number(fields, 1) == self.other
        key, _, sequence = octets(fields, 2).decode().partition(SEPARATOR)
        value = octets(fields, 3)
        if key == "ACK":
            self.acknowledged.add(int(value))
            return
        if key == "FIN":
            self.finished = int(value)
            return
        if number(fields, 4) == CHUNKED:
            where = parse(octets(fields, 5))
            chunks = self.chunks.setdefault(key, {})
            chunks[number(where, 2)] = value
            if sum(map(len, chunks.values())) < number(where, 1):
                return
            value = b"".join(chunks[offset] for offset in sorted(chunks))
        self.arrived.setdefault(key, (int(sequence), value))


@dataclass(frozen=True)
class Result:
    """What the party learned."""

    peer_items: int
    shared: list[int]
    """Indices of the own items that the other side has too, in the order of their second-stage points."""


def run(link: Link, items: Sequence[str], *, batch: int = 100) -> Result:
    """Intersect `items` with the other side's (ALG-PSI-5.1), in the form that docs/partners.md gives."""
    link.connect()
    own = X25519PrivateKey.generate()

    def times(point: bytes) -> bytes:
        return own.exchange(X25519PublicKey.from_public_bytes(point))

    send_stream(link, "root", "enc", [times(hashlib.sha256(item.encode()).digest()) for item in items], batch)
    theirs = receive_stream(link, "root", "enc", POINT)
    second = [times(point)[-TRUNCATED:] for point in theirs]
    send_stream(link, "root-0", "dual.enc", second, batch)
    mine = receive_stream(link, "root-0", "dual.enc", TRUNCATED)
    link.close()
    known = set(second)
    return Result(
        len(theirs), [index for point, index in sorted(zip(mine, range(len(mine)), strict=True)) if point in known]
    )


def send_stream(link: Link, channel: str, kind: str, points: Sequence[bytes], batch: int) -> None:
    """Batches, then an empty one that is the last (ALG-2.3-batches)."""
    cuts = [points[at : at + batch] for at in range(0, len(points), batch)]
    for index, cut in enumerate([*cuts, []]):
        last = index == len(cuts)
        link.send(channel, message({1: kind, 3: index, 4: int(last), 6: len(cut), 7: b"".join(cut)}))


def receive_stream(link: Link, channel: str, kind: str, size: int) -> list[bytes]:
    points: list[bytes] = []
    index = 0
    while True:
        fields = parse(link.receive(channel))
        assert octets(fields, 1).decode() == kind
        assert number(fields, 3) == index
        cipher = octets(fields, 7)
        assert len(cipher) == size * number(fields, 6)
        points += [cipher[at : at + size] for at in range(0, len(cipher), size)]
        if number(fields, 4):
            return points
        index += 1
