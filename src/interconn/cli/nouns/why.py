"""`interconn why ID`: whom something waits for, since when, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from interconn.cli.options import Common, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.state import AwaitedView, Explanation

app = App(
    name="why",
    help="Whom something waits for, since when, and what to do.",
    help_epilogue=example("why audit-51c9", "why joint --json"),
)


@app.default
def why(id: str, *, common: Common = Common()) -> None:  # noqa: A002 - of whatever sort
    """Tell of anything that has an id what it is, whom it waits for, the last exchange, and what to do next.

    Parameters
    ----------
    id
        Of a contract, partner, approval, data set, model, project, flow, job, task or session; or the name of a result.
    """
    explain(id, common)


def explain(name: str, common: Common) -> None:
    """Ask about an id and print what the node says; `interconn job why` does the same.

    Args:
        name: the id.
        common: options.
    """
    from interconn.cli.output import instant, print_reply, print_table

    with common.node() as node:
        found = node.why(name)
    if common.json:
        print_reply(found)
        return
    if len(found.explanations) == 1:
        _show(found.explanations[0])
        return
    print(say("several things have this id; ask for one of them by its own"))
    print_table(
        [say("what"), say("id"), say("state"), say("waits for"), say("since")],
        [[one.what, one.id, one.state, one.waits_for, instant(one.since)] for one in found.explanations],
        empty="",
    )


def _show(one: Explanation) -> None:
    from interconn.cli.contacts import contact
    from interconn.cli.output import instant, print_card, print_next, print_table

    print_card(
        f"{one.kind.lower()} {one.id}",
        [
            (say("what"), one.what),
            (say("state"), one.state),
            (say("reason"), one.reason),
            (say("waits for"), one.waits_for or say("nobody")),
            (say("since"), instant(one.since)),
            (say("last exchange"), contact(one.exchange)),
            (say("sent again"), instant(one.exchange.next_at) if one.exchange else ""),
            (say("last contact"), contact(one.contact)),
            (say("last progress"), _progress_at(one.awaits[0]) if one.awaits else ""),
            (say("the partner says"), one.partner_believes),
            (say("see"), one.related),
        ],
    )
    if len(one.awaits) > 1:
        print()
        print_table(
            [say("waits for"), say("since"), say("last progress"), say("last exchange"), say("again")],
            [
                [
                    each.waits_for,
                    instant(each.since),
                    _progress_at(each),
                    contact(each.exchange or each.contact),
                    instant(each.exchange.next_at) if each.exchange else "",
                ]
                for each in one.awaits
            ],
            empty="",
        )
    print_next(f"{one.next_step}: {one.command}" if one.command else one.next_step)


def _progress_at(one: AwaitedView) -> str:
    from interconn.cli.output import instant

    return instant(one.progress.at) if one.progress else ""
