"""What a difference is called, and the legal step that mends it, in words for a person."""

from __future__ import annotations

from typing import Final

from interconn.management.contracts.standing import CONTRACT
from interconn.management.reconciliation.judgement import Judgement, Mend, Move, Side
from interconn.management.reconciliation.matters import Matter

MENDS: Final = {
    Mend.NONE: "",
    Mend.ADOPT: "take over what the partner has decided",
    Mend.APPLY_AGAIN: "send the application once more, so that the partner says its verdict again",
    Mend.CONFIRM_AGAIN: "say the verdict again",
    Mend.TERMINATE_AGAIN: "tell the partner again that it is over",
}
_NOUNS: Final = {CONTRACT: "peer"}


def legal_step(matter: Matter, judgement: Judgement) -> str:
    """Return the step that mends a difference."""
    parts = []
    if judgement.mend is not Mend.NONE:
        by_itself = "this node does it by itself" if judgement.unasked else "interconn state mend does it"
        parts.append(f"{MENDS[judgement.mend]} ({by_itself})")
    if judgement.move is not None:
        who = "a person here" if judgement.side is Side.HERE else f"a person at {matter.node_id}"
        parts.append(f"{who} {_MOVES[judgement.move]}")
    if not parts:
        return "none: both states are final, and nothing follows from the difference"
    return "; or ".join(parts)


def command(matter: Matter, judgement: Judgement) -> str:
    """Return the command of the step, for the side that can take it; empty where none is needed."""
    if judgement.move is None:
        return ""
    if judgement.move is Move.APPLY:
        return f"interconn peer apply {matter.address} --node-id {matter.node_id}"
    noun = _NOUNS.get(matter.kind, "audit")
    if noun == "peer" and judgement.move is Move.ASK:
        return "interconn peer show NODE"
    end = " --fingerprint FINGERPRINT" if noun == "peer" and judgement.move is Move.APPROVE else ""
    return f"interconn {noun} {judgement.move.value} {matter.reference}{end}"


def side(matter: Matter, judgement: Judgement, own: str) -> str:
    """Return the node on which that command is given."""
    if judgement.move is None:
        return ""
    return own if judgement.side is Side.HERE else matter.node_id


_MOVES: Final = {
    Move.APPROVE: "approves it once more",
    Move.REJECT: "rejects it",
    Move.TERMINATE: "ends it",
    Move.ASK: "asks this node how it stands, and takes that over",
    Move.APPLY: "applies anew, as the partner knows nothing of this application",
}
