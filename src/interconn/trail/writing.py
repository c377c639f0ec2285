"""Writing an export: read from a node's own API page by page, a line at a time, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from interconn.api.trail import (
    TRAIL_BEGIN,
    TRAIL_ENTRIES,
    TRAIL_KEPT,
    TrailBegin,
    TrailKeptRequest,
    TrailPageRequest,
)
from interconn.standard.endpoint import Endpoint
from interconn.trail import document


class Ask(Protocol):
    """A call of a node's own API, as `interconn.client.NodeClient.call` makes it."""

    def __call__(self, endpoint: Endpoint[Any, Any], request: Any) -> Any:
        """Ask, and return the answer."""
        ...


def write_export(
    ask: Ask,
    file: BinaryIO,
    wanted: TrailBegin,
    *,
    page: int = 500,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Write an export and return how many entries it has.

    Args:
        ask: calls the node.
        file: written to from where it stands.
        wanted: which entries.
        page: entries asked for at once.
        progress: told how many entries are written, and how many there are.
    """
    begun = ask(TRAIL_BEGIN, wanted)
    count, written = document.LineCount(), 0

    def put(record: dict[str, Any]) -> None:
        line = document.write(record)
        count.add(line)
        file.write(line + b"\n")

    whole = begun.first == 1 and begun.last == begun.head.number and wanted.partner is None
    told = begun.to_wire() | wanted.to_wire() | {"software": begun.version, "partial": not whole}
    put({"record": document.BEGIN, "format": document.FORMAT, **told, "version": document.VERSION})
    following: int | None = begun.first if begun.first <= begun.last else None
    while following is not None:
        request = TrailPageRequest(first=following, last=begun.last, size=page, partner=wanted.partner)
        found = ask(TRAIL_ENTRIES, request)
        for record in found.records:
            put(record)
            written += record["record"] == document.ENTRY
        following = found.next
        progress((following or begun.last + 1) - begun.first, begun.last - begun.first + 1)
    place: str | None = ""
    while place is not None:
        kept = ask(TRAIL_KEPT, TrailKeptRequest(after=place))
        for record in kept.records:
            if record.get("number", 0) <= begun.head.number or record["record"] == document.HELD:
                put(record)
        place = kept.next
    file.write(document.write({"record": document.END, "lines": count.lines, "digest": count.digest}) + b"\n")
    return written
