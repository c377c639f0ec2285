"""Pages of lists: which rows, how many match in all, and how much one answer may hold (MGT-2.3-paging).

A page is found on the index of its order and only then read, so that the last page of 1e5 rows costs no more than a
walk along that index. What an answer holds is bounded by what a node accepts of another, -1 or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, func, inspect, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from interconn.standard.errors import CapacityExceeded
from interconn.standard.management import Paging
from interconn.standard.wire import MAXIMUM_BODY_BYTES, MAXIMUM_VALUES, WireModel
from interconn.state.database import Table

Row = TypeVar("Row", bound=Table)
View = TypeVar("View", bound=WireModel)

MAXIMUM_RECORDS: Final = 10_000
"""Records of one answer: a question must not cost much more than its answer is worth."""
CHUNK: Final = 200
"""Rows read at a time, so that memory does not grow with the table."""
_ENVELOPE: Final = 1024
"""Bytes and values left for what surrounds the records."""


def read_page(
    session: Session,
    kind: type[Row],
    show: Callable[[Sequence[Row]], Iterable[View]],
    *,
    paging: Paging,
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    matching: Sequence[ColumnElement[bool]] = (),
    chunk: int = CHUNK,
) -> tuple[list[View], int]:
    """Return a page of a table as it is shown, and how many rows match in all; one past the end is empty.

    Args:
        session: the database.
        kind: the table.
        show: turns some rows into what is shown of them, in their order.
        paging: which page; -1 asks for all.
        order: columns that order the rows without ties.
        matching: conditions.
        chunk: rows read at a time; fewer where a row is large.

    Raises:
        CapacityExceeded: the page is larger than an answer may be.
    """
    total = session.scalar(select(func.count()).select_from(kind).where(*matching)) or 0
    whole = paging.page_size == -1
    start = 0 if whole else (paging.page_num - 1) * paging.page_size
    length = min(total - start, total if whole else paging.page_size)
    if length > MAXIMUM_RECORDS:
        raise _too_much(total, f"{MAXIMUM_RECORDS} records")
    keys = _keys(session, kind, matching, order, start, length) if length > 0 else []
    shown: list[View] = []
    room = _Room(total)
    for first in range(0, len(keys), chunk):
        for view in show(_rows(session, kind, order, keys[first : first + chunk])):
            room.take(view)
            shown.append(view)
    return shown, total


def _keys(
    session: Session,
    kind: type[Row],
    matching: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    offset: int,
    limit: int,
) -> Sequence[Any]:
    """Return the primary keys of a page, found on the index of its order alone."""
    found = select(*inspect(kind).primary_key).where(*matching).order_by(*order).offset(offset).limit(limit)
    return [tuple(key) if len(key) > 1 else key[0] for key in session.execute(found)]


def _rows(
    session: Session,
    kind: type[Row],
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    keys: Sequence[Any],
) -> Sequence[Row]:
    columns = inspect(kind).primary_key
    key = columns[0] if len(columns) == 1 else tuple_(*columns)
    return session.scalars(select(kind).where(key.in_(keys)).order_by(*order)).all()


def _too_much(total: int, bound: str) -> CapacityExceeded:
    return CapacityExceeded(
        f"there are {total}, and so many at once are more than an answer may hold ({bound})",
        where="page_size",
        clause="MGT-2.3-paging",
        hint="Ask page by page, some hundreds at a time",
    )


class _Room:
    """Counts what an answer holds already: bytes, and values as `parse_json` counts them."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._bytes = self._values = _ENVELOPE

    def take(self, view: WireModel) -> None:
        text = view.model_dump_json(by_alias=True, exclude_none=True).encode()
        self._bytes += len(text) + 1
        self._values += text.count(b",") + 1
        if self._bytes > MAXIMUM_BODY_BYTES or self._values > MAXIMUM_VALUES:
            raise _too_much(self._total, f"{MAXIMUM_BODY_BYTES >> 20} MiB, {MAXIMUM_VALUES} values")
