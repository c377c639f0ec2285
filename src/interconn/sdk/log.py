"""The component's log: one JSON object a line on standard output (CMP-G4.1.1.2-stdout).

Only fixed words, counts and names go in, never a value of a table.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_lock = threading.Lock()


def log(level: Level, message: str, **members: Any) -> None:
    """Write one line.

    Args:
        level: how much it matters.
        message: a fixed sentence, without data.
        members: further JSON members: names, counts, seconds.
    """
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": time, "level": level, "message": message, **members}, default=str)
    with _lock:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def places(error: BaseException) -> list[str]:
    """Return where an error passed, `file:line function` each, innermost last.

    An unforeseen error's own text may quote data (Arrow quotes rows, KeyError quotes keys), so only its kind and
    its places are ever written down.
    """
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
