"""Times as people write them, wherever a command asks for one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from cyclopts import Parameter

from interconn.cli.wording import say

_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def read_instant(text: str) -> int:
    """Read a time: a day, an instant, or epoch milliseconds; without a zone it is local.

    Raises:
        InvalidRequest: it is none of these.
    """
    from interconn.standard.errors import InvalidRequest

    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise InvalidRequest(
            say("this is no time"), where=text, hint=say("Write 2026-07-01 or 2026-07-01T12:00:00+08:00")
        ) from None


def read_end(text: str) -> int:
    """Read when something ends: a time, or how long from now on, as the policy writes it: 30d, 12h, 45m.

    Raises:
        InvalidRequest: it is neither.
    """
    from interconn.standard.errors import InvalidRequest

    count, unit = text[:-1], text[-1:]
    if unit in _UNITS and count.isascii() and count.isdigit():
        return int(time.time() * 1000) + int(count) * _UNITS[unit]
    try:
        return read_instant(text)
    except InvalidRequest as error:
        raise InvalidRequest(
            error.message,
            where=text,
            hint=say("Write 2026-12-31, 2026-12-31T18:00:00+08:00, or 30d, 12h, 45m from now"),
        ) from None


def _convert_end(_type: Any, tokens: Sequence[Any]) -> int:
    return read_end(tokens[0].value)


def _convert_instant(_type: Any, tokens: Sequence[Any]) -> int:
    return read_instant(tokens[0].value)


End = Annotated[int | None, Parameter(converter=_convert_end)]
"""An option that says when something ends, in epoch milliseconds once it is read."""
Instant = Annotated[int | None, Parameter(converter=_convert_instant)]
"""An option that says a time, in epoch milliseconds once it is read."""
