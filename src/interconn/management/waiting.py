"""Whom a contract or an approval waits for, for what and since when: the one source of every text that says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from interconn.state.outbox import OutboxMessage

REFUSED = "REFUSED"

Mail = Sequence[OutboxMessage]
"""What this node had to say to a partner about one matter, oldest first."""


class Whom(StrEnum):
    """Who has to act."""

    PERSON_HERE = "PERSON_HERE"
    PERSON_THERE = "PERSON_THERE"
    NODE_THERE = "NODE_THERE"


@dataclass(frozen=True)
class Waiting:
    """Something waits.

    Attributes:
        whom: who has to act.
        node_id: the other side.
        purpose: to do what, e.g. `take the verdict`.
        since: epoch milliseconds.
        message: what the partner's node has not taken, where that is what is waited for.
        command: what a person here may do next; empty where there is nothing.
        text: all of it in words, where it is not made from the other parts.
    """

    whom: Whom
    node_id: str
    purpose: str
    since: int
    message: OutboxMessage | None = None
    command: str = ""
    text: str = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        if self.whom is Whom.PERSON_HERE:
            return f"a person here to {self.purpose}"
        if self.whom is Whom.PERSON_THERE:
            return f"a person at {self.node_id} to {self.purpose}"
        text, message = f"node {self.node_id} to {self.purpose}", self.message
        if message is None or not message.last_error:
            return text
        if message.state == REFUSED:  # what is asked next is the reconciler's to decide
            return f"{text}, which it has refused: {message.last_error}"
        return f"{text} (last attempt: {message.last_error})"


def mail_of(session: Session, references: Iterable[str]) -> dict[tuple[str, str], list[OutboxMessage]]:
    """Return the mail about each of some matters, by node and reference, by one query."""
    found = select(OutboxMessage).where(OutboxMessage.reference.in_(list(references)))
    # Of no interest here, and a body may hold a whole flow.
    found = found.options(defer(OutboxMessage.body)).order_by(OutboxMessage.message_id)
    mail: dict[tuple[str, str], list[OutboxMessage]] = {}
    for message in session.scalars(found):
        mail.setdefault((message.node_id, message.reference), []).append(message)
    return mail


def mail_about(session: Session, node_id: str, reference: str) -> Mail:
    """Return the mail about one matter."""
    return mail_of(session, [reference]).get((node_id, reference), [])


def on_its_way(mail: Mail) -> bool:
    """Tell whether anything about a matter is on its way to the partner."""
    return any(message.state == "WAITING" for message in mail)


def untaken(mail: Mail, endpoint: str) -> OutboxMessage | None:
    """Return the message of a call that the partner has not taken: on its way, or refused and not repeated since."""
    sent = [message for message in mail if message.endpoint == endpoint]
    for message in sent:
        if message.state == "WAITING":
            return message
    return sent[-1] if sent and sent[-1].state == REFUSED else None


def was_taken(mail: Mail, endpoint: str) -> bool:
    """Tell whether the partner has ever taken a message of a call about a matter."""
    return any(message.endpoint == endpoint and message.state == "DELIVERED" for message in mail)
