"""Streams of EcdhPsiCipherBatch on a channel (ALG-2.3-EcdhPsiCipherBatch, ALG-2.3-batches)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from google.protobuf.message import DecodeError

from interconn.algorithms.link import Channel
from interconn.standard.errors import ProtocolError
from interconn.standard.protobuf.ecdh_psi_pb2 import EcdhPsiCipherBatch

ENC: Final = "enc"
DUAL_ENC: Final = "dual.enc"
_HIGHEST_INDEX: Final = 2**31 - 1


class BatchWriter:
    """Sends a stream of ciphertexts.

    Args:
        channel: where to.
        rank: the peer.
        kind: ENC or DUAL_ENC.
        item_bytes: size of a ciphertext.
    """

    def __init__(self, channel: Channel, rank: int, kind: str, item_bytes: int) -> None:
        self._channel = channel
        self._rank = rank
        self._kind = kind
        self._item_bytes = item_bytes
        self._index = 0

    def write(self, ciphertexts: bytes) -> None:
        """Send a batch that is not empty."""
        self._send(ciphertexts, last=False)

    def end(self) -> None:
        """Send the empty batch that ends the stream, as the running engines do."""
        self._send(b"", last=True)

    def _send(self, ciphertexts: bytes, *, last: bool) -> None:
        batch = EcdhPsiCipherBatch(
            type=self._kind,
            batch_index=self._index,
            is_last_batch=last,
            count=len(ciphertexts) // self._item_bytes,
            ciphertext=ciphertexts,
        )
        self._index += 1
        self._channel.send(self._rank, batch.SerializeToString())


def read_batches(channel: Channel, rank: int, kind: str, item_bytes: int, *, most: int) -> Iterator[bytes]:
    """Yield the ciphertexts of each batch until the last; an empty last one yields nothing.

    Args:
        channel: where from.
        rank: the peer.
        kind: ENC or DUAL_ENC.
        item_bytes: size of a ciphertext.
        most: most items accepted in all.

    Raises:
        ProtocolError: anything but batches of this kind in order, with true counts, not empty but for the last.
    """
    total = 0
    for index in range(_HIGHEST_INDEX):
        try:
            batch = EcdhPsiCipherBatch.FromString(channel.receive(rank))
        except DecodeError:
            raise _fault(kind, "a message is no batch") from None
        if batch.type != kind:
            raise _fault(kind, "a batch is of another type")
        if batch.batch_index != index:
            raise _fault(kind, f"batch {index} carries another index")
        if batch.count < 0 or len(batch.ciphertext) != batch.count * item_bytes:
            raise _fault(kind, f"batch {index} has not the {item_bytes} bytes an item that its count tells")
        if batch.count == 0 and not batch.is_last_batch:
            raise _fault(kind, f"batch {index} is empty and not the last")
        if batch.duplicate_item_cnt_map:
            raise _fault(kind, "the peer has repeated items", "Both sides must make their keys unique first.")
        total += batch.count
        if total > most:
            raise _fault(kind, f"more than {most} items are sent")
        if batch.count:
            yield batch.ciphertext
        if batch.is_last_batch:
            return
    raise _fault(kind, "the stream does not end")


def _fault(kind: str, message: str, hint: str | None = None) -> ProtocolError:
    return ProtocolError(message, where=kind, clause="ALG-2.3-EcdhPsiCipherBatch", hint=hint)
