"""Verbs about what two nodes believe of each other, and why something waits."""

from __future__ import annotations

from interconn.api import state as state_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb

LIMIT = 500
"""Contracts and approvals that are compared at once."""


class State(Noun[Client]):
    """What both sides of contracts and approvals believe."""

    @Verb
    def diff(self, node_id: str, *, limit: int = LIMIT) -> Question[state_rows.StateComparison]:
        """Ask a partner how all that is between the two nodes stands there, and compare."""
        return Question(state_rows.STATE_DIFF, state_rows.StateCompare(node_id=node_id, limit=limit))

    @Verb
    def mend(self, node_id: str, *, limit: int = LIMIT) -> Question[state_rows.StateComparison]:
        """Compare, and take the steps that are safe: no right is given by them."""
        return Question(state_rows.STATE_MEND, state_rows.StateCompare(node_id=node_id, limit=limit))

    @Verb
    def why(self, id: str) -> Question[state_rows.Why]:  # noqa: A002 - of whatever sort
        """Ask whom something waits for, since when, and what a person may do."""
        return why(id)


def why(id: str) -> Question[state_rows.Why]:  # noqa: A002 - of whatever sort
    """Return the question why something stands as it does."""
    return Question(state_rows.WHY, state_rows.WhyAsk(id=id))
