"""The exchange itself: three streams that run at once (ALG-PSI-5.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from interconn.algorithms.ecdh_psi.batches import DUAL_ENC, ENC, BatchWriter, read_batches
from interconn.algorithms.ecdh_psi.multiplier import Multiplier
from interconn.algorithms.ecdh_psi.own_items import OwnItems
from interconn.algorithms.ecdh_psi.suite import Suite
from interconn.algorithms.ecdh_psi.tags import MOST_PAIRS, TAG_BYTES, Tags, cut, intersect
from interconn.algorithms.link import Link
from interconn.standard.errors import ProtocolError

BATCH_SIZE: Final = 4096
MOST_ITEMS: Final = 1 << 33
"""Most items accepted of a peer; 20 bytes of disk each."""

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Outcome:
    """What a party learns.

    Attributes:
        rows: the own rows that both have, in the order both share; None for a party that may not see the result.
        peer_items: how many items the peer sent.
    """

    rows: npt.NDArray[np.uint64] | None
    peer_items: int


@dataclass(frozen=True)
class Exchange:
    """One run with one peer.

    Attributes:
        link: connected.
        peer: the peer's rank.
        suite: curve, hash and format.
        items: the own points.
        receives: whether this party may see the result.
        gives: whether the peer may.
        work_directory: where tags lie meanwhile.
        batch_size: items sent in a batch.
        most_items: most items accepted of the peer.
        workers: worker processes; chosen by the number of items when None.
        progress: told the phase, what is done, and of how many.
    """

    link: Link
    peer: int
    suite: Suite
    items: OwnItems
    receives: bool
    gives: bool
    work_directory: Path
    batch_size: int = BATCH_SIZE
    most_items: int = MOST_ITEMS
    workers: int | None = None
    progress: Progress = lambda phase, done, total: None

    def run(self) -> Outcome:
        """Exchange with the peer.

        Raises:
            ProtocolError: the peer broke the protocol.
            TransportError: the transport failed.
            StorageError: the working directory has no room left.
        """
        # Half the window each: the reader of dual.enc never waits for a send, so dual.enc always flows, so
        # the reader of enc always gets on, so enc flows too. With one window enc could fill it on both sides.
        share = max(self.link.limits.window // 2, 1)
        root = self.link.channel("root", window=share)
        dual = root.spawn(window=share)
        peer_items = 0

        def send_own() -> None:
            writer = BatchWriter(root, self.peer, ENC, self.suite.point_bytes)
            sent = 0
            for points in self.items.shuffled(self.batch_size):
                writer.write(multiplier.multiply(points))
                sent += len(points) // self.suite.point_bytes
                self.progress("encrypting", sent, len(self.items))
            writer.end()

        def answer_peer() -> None:
            nonlocal peer_items
            writer = BatchWriter(dual, self.peer, DUAL_ENC, TAG_BYTES)
            most = min(self.most_items, MOST_PAIRS // max(len(self.items), 1))
            for points in read_batches(root, self.peer, ENC, self.suite.point_bytes, most=most):
                tags = cut(multiplier.multiply(points), self.suite.point_bytes)
                count = len(tags) // TAG_BYTES
                if self.receives:
                    peer_tags.add(tags, np.arange(peer_items, peer_items + count, dtype=np.uint64))
                if self.gives:
                    writer.write(tags)
                peer_items += count
            if self.gives:
                writer.end()

        def read_own() -> None:
            done = 0
            for tags in read_batches(dual, self.peer, DUAL_ENC, TAG_BYTES, most=len(self.items)):
                count = len(tags) // TAG_BYTES
                rows = self.items.rows(done, count)
                if len(rows) != count:
                    raise ProtocolError("more answers came than items were sent", where=DUAL_ENC, clause="ALG-PSI-5.1")
                own_tags.add(tags, rows)
                done += count
                self.progress("matching", done, len(self.items))
            if done != len(self.items):
                raise ProtocolError(
                    f"{done} answers came for {len(self.items)} items", where=DUAL_ENC, clause="ALG-PSI-5.1"
                )

        with (
            Multiplier(
                self.suite, self.suite.new_key(), expected=2 * len(self.items), workers=self.workers
            ) as multiplier,
            Tags(self.work_directory, "own") as own_tags,
            Tags(self.work_directory, "peer") as peer_tags,
        ):
            streams = [send_own, answer_peer, *([read_own] if self.receives else [])]
            run_together(streams)
            rows = intersect(own_tags, peer_tags) if self.receives else None
        return Outcome(rows, peer_items)


def run_together(streams: list[Callable[[], None]]) -> None:
    """Run functions in threads of their own; returns when all are done, raises as soon as one raises.

    The threads of the others then end by themselves once the link is closed, or with the process.
    """
    changed = threading.Condition()
    running = len(streams)
    failure: BaseException | None = None

    def run(stream: Callable[[], None]) -> None:
        nonlocal running, failure
        caught: BaseException | None = None
        try:
            stream()
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            caught = error
        with changed:
            running -= 1
            failure = failure or caught
            changed.notify()

    for stream in streams:
        threading.Thread(target=run, args=(stream,), name=stream.__name__, daemon=True).start()
    with changed:
        changed.wait_for(lambda: running == 0 or failure is not None)
        if failure is not None:
            raise failure
