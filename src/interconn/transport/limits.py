"""Bounds of the transport layer."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much is accepted, and how long is waited.

    Attributes:
        body_bytes: largest body of a call; beyond it E0000000413.
        session_bytes: payload that one task of one session may have waiting here; beyond it E0000000700.
        session_messages: messages that one task of one session may have waiting here.
        node_bytes: payload that all sessions together may have waiting here.
        partner_seconds: how long a partner's node that is away, or has not opened the session yet, is tried
            before the component is told. Shorter than the 60 s after which clients commonly give up.
        remembered_ids: message ids a task remembers in order to drop repeats, oldest forgotten first.
        journal_slack_bytes: journalled bytes of messages already taken that are tolerated before a rewrite.
        released_seconds: how long a released session is remembered, to be answered with E0000000608.
    """

    body_bytes: int = 128 * MEBIBYTE
    session_bytes: int = 256 * MEBIBYTE
    session_messages: int = 100_000
    node_bytes: int = 1024 * MEBIBYTE
    partner_seconds: float = 50.0
    remembered_ids: int = 65_536
    journal_slack_bytes: int = 4 * MEBIBYTE
    released_seconds: int = 24 * 3600
