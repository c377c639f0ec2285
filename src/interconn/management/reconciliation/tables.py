"""What partners said when they were asked how a contract or an approval stands, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import BigInteger, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from interconn.state.database import Table


class Comparison(Table):
    """A contract or an audit, and when the other side was last asked and is next asked what it believes of it.

    Attributes:
        kind: CONTRACT, or the kind of the audit.
        number: of the row in `contracts` or `audits`.
        due_at: when the partner is asked next, epoch milliseconds; None where both sides are known to be done.
        asked_at: when it was asked last.
        here: our own state when it was asked; another one now means that the answer may be out of date.
        there: the state that it named; empty where it named none.
        answer: how the question ended (`reconciliation.judgement.Answer`).
        words: why it named no state, in words.
        differs_since: since when the two sides are known to differ; None where they do not.
        rounds: questions since something changed; the pause grows with them.
    """

    __tablename__ = "comparisons"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    due_at: Mapped[int | None] = mapped_column(BigInteger, index=True)
    asked_at: Mapped[int | None] = mapped_column(BigInteger)
    here: Mapped[str] = mapped_column(String(16), default="")
    there: Mapped[str] = mapped_column(String(16), default="")
    answer: Mapped[str] = mapped_column(String(16), default="")
    words: Mapped[str] = mapped_column(Text, default="")
    differs_since: Mapped[int | None] = mapped_column(BigInteger)
    rounds: Mapped[int] = mapped_column(default=0)


def comparisons_of(session: Session, kind: str, numbers: Iterable[int]) -> dict[int, Comparison]:
    """Return the comparisons of some rows of a kind, by the rows' numbers, by one query."""
    found = select(Comparison).where(Comparison.kind == kind, Comparison.number.in_(list(numbers)))
    return {comparison.number: comparison for comparison in session.scalars(found)}


def in_step(compared: Comparison | None, status: str) -> bool:
    """Tell whether the partner, when it was last asked, had nothing left to learn of our present state."""
    return (
        compared is not None
        and compared.here == status
        and compared.differs_since is None
        and compared.answer in SAYS_STATE
    )


def differs(compared: Comparison | None) -> bool:
    """Tell whether the partner, when it was last asked, believed something else."""
    return compared is not None and compared.differs_since is not None


def is_unknown_there(session: Session, kind: str, number: int) -> bool:
    """Tell whether the partner, when it was last asked, said that there is no such thing between the two nodes."""
    compared = session.get(Comparison, (kind, number))
    return compared is not None and compared.answer == "UNKNOWN"


SAYS_STATE: Final = frozenset({"STATE", "UNKNOWN"})
"""Answers from which it can be told whether both sides agree (`reconciliation.judgement.Answer`)."""
