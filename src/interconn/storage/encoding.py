"""Tells the encoding of a user's text file, or says where it cannot be read."""

from __future__ import annotations

import codecs
from typing import Final

from interconn.standard.errors import DataError
from interconn.storage.opened import Source

_BLOCK: Final = 1 << 20

_FOREIGN: Final = (
    (b"PK\x03\x04", "a spreadsheet or archive", "Export it as CSV in UTF-8."),
    (b"\x1f\x8b", "compressed", "Decompress it first."),
    (b"PAR1", "a Parquet file", "Export it as CSV in UTF-8."),
    (codecs.BOM_UTF16_LE, "text in UTF-16", "Save it as CSV in UTF-8."),
    (codecs.BOM_UTF16_BE, "text in UTF-16", "Save it as CSV in UTF-8."),
)


def detect_encoding(path: Source) -> str:
    """Return utf-8-sig, utf-8 or gb18030, whichever decodes the whole file, tried in this order.

    Raises:
        DataError: none does, or the file is no text; names the first byte at fault and its line.
    """
    with path.open("rb") as source:
        start = source.read(8)
    for mark, what, hint in _FOREIGN:
        if start.startswith(mark):
            raise DataError(f"the file is {what}, not CSV", where=path.name, hint=hint)
    fault = _first_fault(path, "utf-8")
    if fault is None:
        return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
    if _first_fault(path, "gb18030") is None:
        return "gb18030"
    offset, line = fault
    raise DataError(
        f"the text is neither UTF-8 nor GB18030: byte {offset} in line {line} fits neither",
        where=path.name,
        hint="Save the file as CSV in UTF-8.",
    )


def _first_fault(path: Source, encoding: str) -> tuple[int, int] | None:
    """Return offset (from 0) and line (from 1) of the first byte that the encoding does not allow."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset = lines = 0
    with path.open("rb") as source:
        while True:
            pending = len(decoder.getstate()[0])
            block = source.read(_BLOCK)
            if b"\0" in block:
                place = block.index(b"\0")
                return offset + place, lines + block.count(b"\n", 0, place) + 1
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                place = error.start - pending
                return offset + place, lines + block.count(b"\n", 0, max(place, 0)) + 1
            if not block:
                return None
            offset += len(block)
            lines += block.count(b"\n")
