"""`interconn state …`: what this node and a partner believe of each other (MGT-4-lost-callback)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App

from interconn.cli.options import Common, Flag, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.state import Difference, StateComparison

DRIFT = 1
NOT_KNOWN = 3

app = App(
    name="state",
    help="What this node and a partner believe of each other.",
    help_epilogue=example("state diff operator"),
)


@app.command(help_epilogue=example("state diff operator", "state diff operator --mend", "state diff operator --json"))
def diff(partner: str, *, mend: Annotated[bool, Flag] = False, limit: int = 500, common: Common = Common()) -> int:
    """Ask a partner how each contract and approval between the two nodes stands there, and show what differs.

    What differs is shown with the legal step that mends it, or with the word that none does. The exit status is 0
    if both sides agree, 1 if they do not, and 3 if the partner does not say.

    Parameters
    ----------
    partner
        Id of the partner's node.
    mend
        Take the steps that are safe: what the partner ended is taken over, and what it missed is said again. No
        right is given by that.
    limit
        Ask about at most so many, open ones first.
    """
    from interconn.cli.output import print_reply

    with common.node() as node:
        found = node.state.mend(partner, limit=limit) if mend else node.state.diff(partner, limit=limit)
    if common.json:
        print_reply(found)
    else:
        _show(found)
    if found.drift:
        return DRIFT
    return NOT_KNOWN if found.unknown or found.left_out else 0


def _show(found: StateComparison) -> None:
    from interconn.cli.output import instant, print_next, print_table

    print_table(
        [say("of"), say("id"), say("here"), say("there"), say("since"), say("step")],
        [
            [
                f"{one.kind.lower()} {one.subject_id}".strip(),
                one.id,
                one.here.value,
                _there(one),
                instant(one.since),
                _step(one),
            ]
            for one in found.differences
        ],
        empty=say("both sides agree"),
    )
    print(
        say(
            "{agree} agree, {drift} differ, {unknown} not known, {left} not asked",
            agree=found.in_step,
            drift=found.drift,
            unknown=found.unknown,
            left=found.left_out,
        )
    )
    for one in found.differences:
        if one.command and not one.mended:
            print_next(say("at {node}: {command}", node=one.side, command=one.command))


def _there(one: Difference) -> str:
    if one.there:
        return f"{one.there.value} {say('(cannot be)')}" if one.impossible else one.there.value
    words = {"UNKNOWN": say("knows nothing of it"), "SILENT": say("no answer"), "NOT_ASKED": say("not asked")}
    return words.get(one.answer, say("does not say"))


def _step(one: Difference) -> str:
    return say("done: {step}", step=one.mended) if one.mended else one.step or one.words
