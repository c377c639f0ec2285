"""A call between a node and its partner, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.state import ExchangeView


def contact(exchange: ExchangeView | None) -> str:
    """Return when it was, which call, who made it and how it ended; empty where there was none."""
    from interconn.cli.output import instant

    if exchange is None:
        return ""
    way = say("to {node}", node=exchange.node_id) if exchange.outgoing else say("from {node}", node=exchange.node_id)
    times = say(", {times} attempts", times=exchange.attempts) if exchange.attempts > 1 else ""
    return f"{instant(exchange.at)} {exchange.call} {way}: {exchange.outcome}{times}".strip()
