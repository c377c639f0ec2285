"""The files in which components of a task left what they wrote (CMP-G4.1.1.2-stdout), read line by line and by level.

How many lines there are of a level, and where one of them lies, is kept in memory once it was looked for: a question
reads what it asks for and what has come since the last one, however long the file is.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from interconn.components.task_log import Severity, severity_of

LONGEST_LINE: Final = 65_536
"""Characters of a line that are read; what follows is left out."""
MARK_BYTES: Final = 256 * 1024
"""Between two places of which is kept how many lines come before."""
FILES_KEPT: Final = 256
"""Of which the places are kept; of others they are looked for again."""
_LONGEST_BYTES: Final = 4 * LONGEST_LINE
_LEVELS: Final = (Severity.DEBUG, Severity.INFO, Severity.ERROR)


@dataclass(frozen=True)
class _Mark:
    """A place in a file at which a line begins.

    Attributes:
        offset: bytes before it.
        severity: of the line before it.
        lines: how many come before it of each level, what matters more included.
    """

    offset: int = 0
    severity: Severity = Severity.INFO
    lines: tuple[int, ...] = (0,) * len(_LEVELS)

    def after(self, severity: Severity, offset: int) -> _Mark:
        """Return the mark behind one more line."""
        lines = tuple(count + (severity >= level) for count, level in zip(self.lines, _LEVELS, strict=True))
        return _Mark(offset, severity, lines)


class LogFiles:
    """Reads logs. May be used by several threads."""

    def __init__(self) -> None:
        self._files: OrderedDict[Path, _LogFile] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self,
        directories: Iterable[Path],
        start: int,
        length: int,
        *,
        level: Severity = Severity.DEBUG,
        most: int | None = None,
    ) -> tuple[list[str], int]:
        """Return lines of the logs in some directories, one after the other, and how many there are in all. Blocks.

        Args:
            directories: of the components.
            start: the first line wanted, from 0.
            length: how many at most.
            level: lines that matter less are neither returned nor counted.
            most: characters returned at most; the first line comes whatever its length.
        """
        found: list[str] = []
        total = size = 0
        full = length <= 0
        for directory in directories:
            log = self._file(directory / "stdout.log")
            with log.lock:
                try:
                    file = open_log(log.path)
                except FileNotFoundError:
                    continue
                with file:
                    here = log.count(file, level)
                    if not full and start < total + here:
                        for line in log.lines(file, max(0, start - total), here, level):
                            if found and most is not None and size + len(line) > most:
                                full = True  # no line is left out between two that are returned
                                break
                            found.append(line)
                            size += len(line) + 1
                            if len(found) == length:
                                full = True
                                break
            total += here
        return found, total

    def _file(self, path: Path) -> _LogFile:
        with self._lock:
            known = self._files.pop(path, None) or _LogFile(path)
            self._files[path] = known  # the one used last comes last
            while len(self._files) > FILES_KEPT:
                self._files.popitem(last=False)
            return known


class _LogFile:
    """What is known of one file, which grows at its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self._begin_anew((0, 0))

    def _begin_anew(self, identity: tuple[int, int]) -> None:
        self._identity = identity
        self._marks = [_Mark()]
        self._end = _Mark()

    def count(self, file: BinaryIO, level: Severity) -> int:
        """Take note of what has come, and return how many lines of a level there are."""
        now = os.fstat(file.fileno())
        if (now.st_dev, now.st_ino) != self._identity or now.st_size < self._end.offset:
            self._begin_anew((now.st_dev, now.st_ino))
        last = self._end
        for severity, _, offset in _lines(file, last):
            if offset is None:  # what follows the last line feed may go on: it is a line, but none to be kept
                last = last.after(severity, last.offset)
                break
            self._end = last = last.after(severity, offset)
            if offset - self._marks[-1].offset >= MARK_BYTES:
                self._marks.append(last)
        return last.lines[_LEVELS.index(level)]

    def lines(self, file: BinaryIO, start: int, end: int, level: Severity) -> Iterator[str]:
        """Yield the lines of a level from one on, up to another."""
        which = _LEVELS.index(level)
        mark = self._marks[bisect_right(self._marks, start, key=lambda mark: mark.lines[which]) - 1]
        number = mark.lines[which]
        for severity, line, _ in _lines(file, mark):
            if severity < level:
                continue
            if number >= start:
                yield line
            number += 1
            if number >= end:
                return


def open_log(path: Path) -> BinaryIO:
    """Open a log to be read."""
    return path.open("rb")


def _lines(file: BinaryIO, mark: _Mark) -> Iterator[tuple[Severity, str, int | None]]:
    """Yield what follows a mark, line by line: how much it matters, the text, where it ends; None if it may go on."""
    file.seek(mark.offset)
    severity, offset = mark.severity, mark.offset
    while raw := file.readline(_LONGEST_BYTES):
        offset += len(raw)
        whole = raw.endswith(b"\n")
        line = raw.decode(errors="replace").removesuffix("\n").removesuffix("\r")[:LONGEST_LINE]
        severity = severity_of(line, severity)
        while not whole and (rest := file.readline(_LONGEST_BYTES)):
            offset += len(rest)
            whole = rest.endswith(b"\n")
        yield severity, line, offset if whole else None
