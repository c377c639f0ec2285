"""`interconn session …`: transport sessions (TRN-3)."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App

from interconn.cli.options import Common, Several, example
from interconn.cli.wording import say

app = App(name="session", help="Transport sessions.", help_epilogue=example("session list"))


@app.command(name="open", help_epilogue=example("session open session_test --party bank --party operator --json"))
def open_(session_id: str, *, party: Annotated[list[str], Several], common: Common = Common()) -> None:
    """Open a session by hand, and show the token that a component needs for it on this node.

    The same must be done on every party's node.

    Parameters
    ----------
    session_id
        Id of the session, the same for all parties.
    party
        Id of a party's node; one for each party, this node's included.
    """
    from interconn.cli.output import print_reply

    with common.node() as node:
        opened = node.sessions.open(session_id, party)
    if common.json:
        print_reply(opened)
        return
    from interconn.cli.output import print_card

    print_card(
        say("session {session_id}", session_id=opened.session_id),
        [(say("token on this node"), opened.token)],
    )


@app.command(name="list", help_epilogue=example("session list"))
def list_(*, common: Common = Common()) -> None:
    """List open sessions, with what they carried and what waits in them."""
    from interconn.cli.output import print_reply, print_table

    with common.node() as node:
        found = node.sessions.list()
    if common.json:
        print_reply(found)
        return
    print_table(
        [say("session"), say("task"), say("parties"), say("sent"), say("received"), say("waiting")],
        [
            [
                s.session_id,
                s.task_id,
                s.parties,
                say("{messages} messages, {bytes} bytes", messages=s.sent_messages, bytes=s.sent_bytes),
                say("{messages} messages, {bytes} bytes", messages=s.received_messages, bytes=s.received_bytes),
                s.queued_messages,
            ]
            for s in found.sessions
        ],
        empty=say("no open sessions"),
    )
