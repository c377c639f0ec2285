"""The audit trail of a node, and where partners hold its heads."""

from __future__ import annotations

from interconn.api import trail as rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.wire import Empty


class Trail(Noun[Client]):
    """The audit trail; `interconn audit export` writes it to a file that can be verified anywhere."""

    @Verb
    def begin(
        self, *, since: int | None = None, until: int | None = None, partner: str | None = None
    ) -> Question[rows.TrailBegun]:
        """Begin an export: its bounds and the signed head; times are epoch milliseconds."""
        return Question(rows.TRAIL_BEGIN, rows.TrailBegin(since=since, until=until, partner=partner))

    @Verb
    def entries(
        self, first: int, last: int, *, size: int = 500, partner: str | None = None
    ) -> Question[rows.TrailPage]:
        """Read a page of entries as records of an export."""
        return Question(rows.TRAIL_ENTRIES, rows.TrailPageRequest(first=first, last=last, size=size, partner=partner))

    @Verb
    def kept(self, after: str = "", *, size: int = 500) -> Question[rows.TrailKept]:
        """Read a page of heads and receipts as records of an export."""
        return Question(rows.TRAIL_KEPT, rows.TrailKeptRequest(after=after, size=size))

    @Verb
    def heads(self) -> Question[rows.TrailStanding]:
        """Ask where partners hold heads of this node's trail, and what is wrong with theirs."""
        return Question(rows.TRAIL_STANDING, Empty())

    @Verb
    def settle(self, node_id: str, reason: str) -> Question[rows.TrailStanding]:
        """Close the alarm about a partner's trail, once people know why its heads contradict each other."""
        return Question(rows.TRAIL_SETTLE, rows.TrailSettle(node_id=node_id, reason=reason))
