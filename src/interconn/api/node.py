"""The node itself, and sessions opened by hand."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from interconn.api.keys import KeyViews
from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.wire import Empty, WireModel


class NodeStatus(WireModel):
    """What a node says of itself to its own people."""

    node_id: str
    inst_id: str
    institution: str
    name: str
    version: str
    address: str
    auth_type: str
    fingerprint: str
    own_keys: KeyViews = KeyViews(keys=[])
    listeners: dict[str, str]
    started_at: int
    ready: bool
    contracts: dict[str, int] = {}
    jobs: dict[str, int] = {}
    sessions: int = 0
    waiting_messages: int = 0
    contradicting_trails: list[str] = []
    oldest_waiting: dict[str, int] = Field(default={}, description="by partner: when the oldest message was written")
    drift: dict[str, int] = Field(default={}, description="by partner: what is known to differ there")
    warnings: list[str] = []


class SessionOpen(WireModel):
    """Open a transport session by hand; each party's node is told the same session id."""

    session_id: Identifier
    parties: list[Identifier] = Field(min_length=1, max_length=64)


class SessionOpened(WireModel):
    """The token that a component needs for the session on this node."""

    session_id: str
    token: str = Field(repr=False)


class SessionView(WireModel):
    """A transport session as it stands."""

    session_id: str
    task_id: str = ""
    parties: list[str] = []
    topics: int = 0
    queued_messages: int = 0
    queued_bytes: int = 0
    received_messages: int = 0
    received_bytes: int = 0
    sent_messages: int = 0
    sent_bytes: int = 0


class SessionList(WireModel):
    """All open sessions."""

    sessions: list[SessionView]


NODE_STATUS: Final = own("node.status", "GET", "/node/status", Empty, NodeStatus, "How the node is.")
SESSION_OPEN: Final = own(
    "session.open", "POST", "/sessions/open", SessionOpen, SessionOpened, "Open a session by hand."
)
SESSION_LIST: Final = own("session.list", "GET", "/sessions", Empty, SessionList, "List open transport sessions.")

ENDPOINTS: Final = (NODE_STATUS, SESSION_OPEN, SESSION_LIST)
