"""How many signed heads and receipts of one node are kept: enough to prove that a trail was cut or rewritten.

A head is of every entry before it, so the one of the highest number proves all that older ones do; those between
tell more closely where a change began. A partner that gives heads without end costs no more than this, and cannot
push out what would prove its contradiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST: Final = 1000
"""Of one node; beyond it they are thinned to half."""
NEWEST: Final = 250
"""How many of the newest stay, whatever they are."""


@dataclass(frozen=True)
class Kept:
    """What of a head, or a receipt for one, says whether it is needed.

    Attributes:
        id: its place in the order in which they came.
        number: of the entry.
        time: that it was signed for, epoch milliseconds.
        fingerprint: of the key.
        contradicts: it contradicted an earlier one.
        counts: it is compared with what comes: no person has closed the matter.
    """

    id: int
    number: int
    time: int
    fingerprint: str
    contradicts: bool = False
    counts: bool = True


def superfluous(kept: Sequence[Kept]) -> list[int]:
    """Return the ids of those that may go, of all that are kept of one node, in the order in which they came."""
    if len(kept) <= MOST:
        return []
    needed = {kept[0].id, *(one.id for one in kept[-NEWEST:])}
    counting = [one for one in kept if one.counts] or kept
    # Whatever is lower and later, or higher and earlier, contradicts these two; so nothing else is needed for that.
    needed.add(max(counting, key=lambda one: (one.number, -one.time, -one.id)).id)
    needed.add(max(counting, key=lambda one: (one.time, -one.number, -one.id)).id)
    needed.update([one.id for one in counting if one.contradicts][:1])  # what keeps the alarm on
    needed.update({one.fingerprint: one.id for one in kept}.values())  # an export names each key by a head
    between = [one.id for one in kept if one.id not in needed]
    room = max(MOST // 2 - len(needed), 0)
    stay = {between[place * len(between) // room] for place in range(room)} if between else set()
    return [one for one in between if one not in stay]
