"""The node itself, and the transport sessions that are opened on it by hand."""

from __future__ import annotations

from collections.abc import Sequence

from interconn.api import keys as key_rows
from interconn.api import node as node_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.wire import Empty


class Node(Noun[Client]):
    """The node itself."""

    @Verb
    def status(self) -> Question[node_rows.NodeStatus]:
        """Ask how the node is."""
        return Question(node_rows.NODE_STATUS, Empty())

    @Verb
    def change(
        self,
        *,
        address: str | None = None,
        name: str | None = None,
        institution: str | None = None,
        description: str | None = None,
    ) -> Question[key_rows.KeyViews]:
        """Change what partners are told of the node, in its configuration and at every partner (MGT-3.4)."""
        request = key_rows.CardChange(address=address, name=name, institution=institution, description=description)
        return Question(key_rows.NODE_CHANGE, request)


class Sessions(Noun[Client]):
    """Transport sessions."""

    @Verb
    def open(self, session_id: str, parties: Sequence[str]) -> Question[node_rows.SessionOpened]:
        """Open a session by hand; every party's node must be told the same."""
        request = node_rows.SessionOpen(session_id=session_id, parties=list(parties))
        return Question(node_rows.SESSION_OPEN, request)

    @Verb
    def list(self) -> Question[node_rows.SessionList]:
        """List open sessions."""
        return Question(node_rows.SESSION_LIST, Empty())
