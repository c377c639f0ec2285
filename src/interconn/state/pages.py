"""Pages of lists: which rows, how many match in all, and how much one answer may hold (MGT-2.3-paging).

A page is found on the index of its order and only then read, so that the last page of 1e5 rows costs no more than a
walk along that index. What an answer holds is bounded by what a node accepts of another, -1 or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, and_, func, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from interconn.standard.errors import CapacityExceeded
from interconn.standard.management import Paging
from interconn.standard.wire import MAXIMUM_BODY_BYTES, MAXIMUM_VALUES, WireModel
from interconn.state.database import Table

Row = TypeVar("Row", bound=Table)
View = TypeVar("View", bound=WireModel)

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
    end = total if whole else min(total, start + paging.page_size)
    shown: list[View] = []
    room = _Room(total)
    for first in range(start, end, chunk):
        for view in show(_rows(session, kind, matching, order, first, min(chunk, end - first))):
            room.take(view)
            shown.append(view)
    return shown, total


def _rows(
    session: Session,
    kind: type[Row],
    matching: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    offset: int,
    limit: int,
) -> Sequence[Row]:
    keys = inspect(kind).primary_key
    page = select(*keys).where(*matching).order_by(*order).offset(offset).limit(limit).subquery()
    found = select(kind).join(page, and_(*(key == page.c[key.name] for key in keys)))
    return session.scalars(found.order_by(*order)).all()


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
            raise CapacityExceeded(
                f"there are {self._total}, and so many at once are more than an answer may hold "
                f"({MAXIMUM_BODY_BYTES >> 20} MiB, {MAXIMUM_VALUES} values)",
                where="page_size",
                clause="MGT-2.3-paging",
                hint="Ask page by page, some hundreds at a time",
            )
