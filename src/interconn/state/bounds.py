"""What a column can hold, checked before it is written, so that both databases refuse the same.

PostgreSQL keeps the declared length of a text, takes no NUL in it and numbers of 64 bits at most; SQLite would take
all of that. Neither takes half a character, as the name of a file has it that is no UTF-8. Whoever brought such a value
is told so, whichever of the two is used.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from sqlalchemy import Integer, String, event, inspect
from sqlalchemy.orm import Mapper, Session

from interconn.standard.errors import InvalidRequest

_LARGEST: Final = 2**63 - 1
_HALF: Final = re.compile("[\ud800-\udfff]")


class UnitOfWork(Session):
    """A session whose rows are checked before they are written."""


@event.listens_for(UnitOfWork, "before_flush")
def _check(session: Session, _context: Any, _instances: Any) -> None:
    for row in (*session.new, *session.dirty):
        for name, label, length in _columns(inspect(row).mapper):
            value = row.__dict__.get(name)
            if isinstance(value, str):
                if length is not None and len(value) > length:
                    raise InvalidRequest(f"the text is longer than the {length} characters it may have", where=label)
                if "\0" in value:
                    raise InvalidRequest("the text holds a NUL character, which cannot be kept", where=label)
                if not value.isascii() and _HALF.search(value):
                    raise InvalidRequest("the text holds half a character (a lone surrogate)", where=label)
            elif isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
                raise InvalidRequest("the number has more than 64 bits", where=label)


@cache
def _columns(mapper: Mapper[Any]) -> tuple[tuple[str, str, int | None], ...]:
    found = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if isinstance(column.type, String):
            found.append((attribute.key, f"{mapper.local_table}.{column.name}", column.type.length))
        elif isinstance(column.type, Integer):
            found.append((attribute.key, f"{mapper.local_table}.{column.name}", None))
    return tuple(found)
