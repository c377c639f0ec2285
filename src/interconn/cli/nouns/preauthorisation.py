"""`interconn preauthorisation …`: what partners without a management plane may do here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from interconn.cli.options import Common, Limited, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.permits import PreauthorisationView

app = App(
    name="preauthorisation",
    help="What partners without a management plane may do here.",
    help_epilogue=example("preauthorisation list"),
)


@app.command(help_epilogue=example("preauthorisation add alice interconn/psi customers --times-limit 10"))
def add(partner: str, component: str, dataset: str, *, limits: Limited = Limited(), common: Common = Common()) -> None:
    """Allow a partner that can ask for no approval to run a component on a data set of this node.

    Its jobs are admitted only if every component that runs here, and every data set in it, is allowed in this way.

    Parameters
    ----------
    partner
        Id of the partner's node; 'peer set' has said that it has no management plane.
    component
        Provider and name of the component, as interconn/psi.
    dataset
        Id of a data set of this node.
    """
    with common.node() as node:
        added = node.preauthorisations.add(
            partner, component, dataset, time_limit=limits.expires, times_limit=limits.times_limit
        )
    _show(added, common)


@app.command(name="list", help_epilogue=example("preauthorisation list --partner alice"))
def list_(*, partner: str | None = None, pages: Pages = Pages(), common: Common = Common()) -> None:
    """List pre-authorisations, with how often each was used and whether it is in force.

    Parameters
    ----------
    partner
        Only those for this node.
    """
    from interconn.cli.output import instant

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.preauthorisations.list(page=page, size=size, node_id=partner), "preauthorisations"
        )
    pages.show(
        found,
        [
            say("partner"),
            say("component"),
            say("data set"),
            say("expires"),
            say("jobs"),
            say("left"),
            say("standing"),
            say("by"),
            say("pre-authorisation"),
        ],
        [
            [
                one.node_id,
                one.component,
                one.dataset_id,
                instant(one.time_limit),
                one.uses,
                one.uses_left,
                one.standing.value,
                one.added_by,
                one.preauthorisation_id,
            ]
            for one in found.preauthorisations
        ],
        empty=say("nothing is pre-authorised"),
        json=common.json,
    )


@app.command(help_epilogue=example("preauthorisation revoke preauthorisation-7a1e"))
def revoke(preauthorisation_id: str, *, common: Common = Common()) -> None:
    """Take a pre-authorisation back, at once: a job under it gets no further task.

    Parameters
    ----------
    preauthorisation_id
        Its id, as 'preauthorisation list' shows it.
    """
    with common.node() as node:
        revoked = node.preauthorisations.revoke(preauthorisation_id)
    _show(revoked, common)


def _show(one: PreauthorisationView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(one)
        return
    print_card(
        say("pre-authorisation {id}", id=one.preauthorisation_id),
        [
            (say("partner"), one.node_id),
            (say("component"), one.component),
            (say("data set"), one.dataset_id),
            (say("expires"), instant(one.time_limit)),
            (say("jobs"), one.times_limit),
            (say("standing"), one.standing.value),
            (say("by"), one.added_by),
        ],
    )
