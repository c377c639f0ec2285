"""Lists a page at a time: which page, and how a person sees the next one or all (MGT-2.3-paging)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter

from interconn.cli.options import Flag
from interconn.cli.wording import say

Listed = TypeVar("Listed", bound=Any)

_AT_ONCE = 200


@Parameter(name="*", group="Pages")
@dataclass(frozen=True)
class Pages:
    """Options of every list that can grow."""

    page: int = 1
    """Which page, counted from 1."""
    size: int = 20
    """How many on a page; -1 for all in one answer."""
    all: Annotated[bool, Flag] = False
    """Show all, page by page."""

    def read(self, ask: Callable[[int, int], Listed], member: str) -> Listed:
        """Return the page that is wanted, or all pages as one.

        Args:
            ask: asks for a page of a size.
            member: of the answer, the list.
        """
        if not self.all:
            return ask(self.page, self.size)
        whole = ask(1, _AT_ONCE)
        records, number = getattr(whole, member), 1
        while len(records) < whole.total:
            number += 1
            more = getattr(ask(number, _AT_ONCE), member)
            if not more:  # some went away meanwhile
                break
            records += more
        return whole

    def show(
        self,
        found: Listed,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        empty: str,
        json: bool,
    ) -> None:
        """Show what was read: to a person as a table and what there is beyond it, to a machine as it came.

        Args:
            found: what was read.
            columns: of the table.
            rows: of the table, one for each record.
            empty: what a person is told where there are none.
            json: whether it is for a machine.
        """
        from interconn.cli.output import print_reply, print_table

        if json:
            print_reply(found)
            return
        print_table(columns, rows, empty=empty)
        self._tell(len(rows), found.total)

    def _tell(self, shown: int, total: int) -> None:
        """Tell a person what there is beyond this page, and how it is seen."""
        if self.all or self.size == -1 or shown >= total:
            return
        first = (self.page - 1) * self.size
        if not shown:
            print(say("page {page} is past the end: there are {total}", page=self.page, total=total))
            return
        print(say("{first} to {last} of {total}", first=first + 1, last=first + shown, total=total))
        if first + shown < total:
            print(f"{say('next')}: {say('--page {page} or --all', page=self.page + 1)}")
