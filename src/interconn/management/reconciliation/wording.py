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
        asked = f"interconn state diff {matter.node_id} --mend"
        parts.append(f"{MENDS[judgement.mend]} ({'this node' if judgement.unasked else asked} does it)")
    if judgement.move is not None:
        who = "a person here" if judgement.side is Side.HERE else f"a person at {matter.node_id}"
        given_up = judgement.move is Move.APPLY and matter.later
        parts.append(f"{who} {_GIVES_UP if given_up else _MOVES[judgement.move]}")
    if _is_unanswered(matter):
        return "this node sends the application until the partner answers it; or a person here withdraws it"
    if _is_missing(matter, judgement):
        later = "this node asks for it once the partner answers"
        return f"the permit that the partner gave is missing here: {'; or '.join(parts) or later}"
    if not parts:
        return "none: both states are final, and nothing follows from the difference"
    return "; or ".join(parts)


def command(matter: Matter, judgement: Judgement) -> str:
    """Return the command of the step, for the side that can take it; empty where none is needed."""
    if _is_unanswered(matter) or (judgement.move is Move.APPLY and matter.later):
        return f"interconn peer terminate {matter.reference}"
    if judgement.move is None:
        return f"interconn permit renew {matter.reference}" if _is_missing(matter, judgement) else ""
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
        return own if _is_unanswered(matter) or _is_missing(matter, judgement) else ""
    return own if judgement.side is Side.HERE else matter.node_id


def _is_missing(matter: Matter, judgement: Judgement) -> bool:
    """Tell whether the two sides agree on the state, as far as is known, and only the permit has not come."""
    return not matter.standing.whole and judgement.move is None and judgement.mend in (Mend.NONE, Mend.APPLY_AGAIN)


def _is_unanswered(matter: Matter) -> bool:
    """Tell whether it is an application of ours for a contract to which the partner has given no id."""
    return matter.standing.contract and not matter.standing.whole


_GIVES_UP: Final = "gives this application up, as the partner knows nothing of it and there is a later one"
_MOVES: Final = {
    Move.APPROVE: "approves it once more",
    Move.REJECT: "rejects it",
    Move.TERMINATE: "ends it",
    Move.ASK: "asks this node how it stands, and takes that over",
    Move.APPLY: "applies anew, as the partner knows nothing of this application",
}
