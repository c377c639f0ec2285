"""The last word heard from each partner and the last one spoken to it: when, which call, and how it ended.

Kept in memory, where every call passes, and written down every few seconds, so that a call costs no commit and a
restart forgets little. What nobody has proven counts for nothing: anybody can write a partner's name into a header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import BigInteger, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from interconn.standard.errors import BadSignature, InterconnError, PeerError, PeerRefused, PeerReplyInvalid
from interconn.state.clock import Clock
from interconn.state.database import Database, Table

WRITE_SECONDS: Final = 5.0
"""At most so often are the exchanges written down."""
CALL_BACK_SECONDS: Final = 5.0
"""At most so often is a partner called at once because it has called."""
SERVED: Final = "served"
ANSWERED: Final = "answered"
_LONGEST_OUTCOME: Final = 500


class PartnerExchange(Table):
    """The last exchanges with a partner, as last written down."""

    __tablename__ = "peer_exchanges"

    node_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    heard_at: Mapped[int | None] = mapped_column(BigInteger)  # epoch milliseconds
    heard_call: Mapped[str] = mapped_column(String(64), default="")
    heard_outcome: Mapped[str] = mapped_column(Text, default="")
    spoken_at: Mapped[int | None] = mapped_column(BigInteger)
    spoken_call: Mapped[str] = mapped_column(String(64), default="")
    spoken_outcome: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[int | None] = mapped_column(BigInteger)


@dataclass(frozen=True)
class Contact:
    """One call between this node and a partner.

    Attributes:
        at: epoch milliseconds.
        call: name of the endpoint.
        outcome: `served` or `answered`, or the refusal, or why there was no answer.
    """

    at: int
    call: str
    outcome: str


@dataclass(frozen=True)
class Acquaintance:
    """The last contacts with a partner.

    Attributes:
        heard: its last call of us that was proven.
        spoken: our last call of it.
        answered_at: when it last answered a call of ours, in whatever sense; epoch milliseconds.
        silent: our last call found nobody.
        hastened_at: when it was last called at once because it had called.
        unproven: in our last call one of the two did not prove itself to the other, though somebody answered; not
            written down, as the next call tells.
    """

    heard: Contact | None = None
    spoken: Contact | None = None
    answered_at: int | None = None
    silent: bool = False
    hastened_at: int = 0
    unproven: bool = False


class Exchanges:
    """Keeps the last contact with each partner.

    Args:
        database: where they are written down.
        clock: time.
    """

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, Acquaintance] = {}
        self._unwritten: set[str] = set()
        self._listeners: list[Callable[[str], None]] = []

    def when_back(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the node id of a partner that calls after ours had found nobody."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """Read what was written down before."""
        rows = await self._database.read(lambda session: list(session.scalars(select(PartnerExchange))))
        for row in rows:
            self._known.setdefault(row.node_id, _read(row))

    async def run(self) -> None:
        """Read what was written down before, and write down what is new, until cancelled."""
        await self.load()
        while True:
            await self._clock.sleep(WRITE_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write down what is new."""
        chosen = {node_id: self._known[node_id] for node_id in self._unwritten}
        self._unwritten.clear()
        if chosen:
            await self._database.write(lambda session: _write(session, chosen))

    def with_partner(self, node_id: str) -> Acquaintance:
        """Return the last contacts with a partner; empty ones where there were none."""
        return self._known.get(node_id, Acquaintance())

    def heard(self, node_id: str, call: str, error: InterconnError | None = None) -> None:
        """Take note of a call of a partner, proven to be its own."""
        known, now = self.with_partner(node_id), self._clock.now()
        contact = Contact(now, call, _refused(error) if error else SERVED)
        back = known.silent and now - known.hastened_at >= CALL_BACK_SECONDS * 1000
        self._keep(node_id, replace(known, heard=contact, hastened_at=now if back else known.hastened_at))
        if back:
            for listener in self._listeners:
                listener(node_id)

    def spoken(self, node_id: str, call: str, error: InterconnError | None = None) -> None:
        """Take note of how a call of ours ended."""
        known, now = self.with_partner(node_id), self._clock.now()
        silent = isinstance(error, PeerError) and not isinstance(error, PeerRefused)
        outcome = ANSWERED if error is None else error.message[:_LONGEST_OUTCOME] if silent else _refused(error)
        answered_at = known.answered_at if silent else now
        contact = Contact(now, call, outcome)
        unproven = error is not None and _is_unproven(error)
        known = replace(known, spoken=contact, answered_at=answered_at, silent=silent, unproven=unproven)
        self._keep(node_id, known)

    def _keep(self, node_id: str, acquaintance: Acquaintance) -> None:
        self._known[node_id] = acquaintance
        self._unwritten.add(node_id)


def _is_unproven(error: InterconnError) -> bool:
    if isinstance(error, PeerRefused):
        return error.peer_code == BadSignature.code
    return isinstance(error, PeerReplyInvalid) and error.clause == "MGT-2.2-auth-sign"


def _refused(error: InterconnError) -> str:
    text = error.message[:_LONGEST_OUTCOME]
    return text if text.startswith("the partner refused") else f"refused: {text}"


def _write(session: Session, chosen: dict[str, Acquaintance]) -> None:
    for node_id, known in chosen.items():
        heard, spoken = known.heard, known.spoken
        session.merge(
            PartnerExchange(
                node_id=node_id,
                heard_at=heard and heard.at,
                heard_call=heard.call if heard else "",
                heard_outcome=heard.outcome if heard else "",
                spoken_at=spoken and spoken.at,
                spoken_call=spoken.call if spoken else "",
                spoken_outcome=spoken.outcome if spoken else "",
                answered_at=known.answered_at,
            )
        )


def _read(row: PartnerExchange) -> Acquaintance:
    heard = None if row.heard_at is None else Contact(row.heard_at, row.heard_call, row.heard_outcome)
    spoken = None if row.spoken_at is None else Contact(row.spoken_at, row.spoken_call, row.spoken_outcome)
    silent = row.spoken_at is not None and row.answered_at != row.spoken_at
    return Acquaintance(heard, spoken, row.answered_at, silent)
