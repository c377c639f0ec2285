"""`interconn component …`: components that nodes can run (MGT-6)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from interconn.cli.nouns import component_making
from interconn.cli.options import Common, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.components import ComponentView

app = App(name="component", help="Components that nodes can run.", help_epilogue=example("component list"))


app.command(component_making.new, help_epilogue=example("component new counting --provider acme"))
app.command(
    component_making.run,
    help_epilogue=example(
        "component run counting --local",
        "component run counting --local --parameter guest.0.minimum_rows=2",
    ),
)


@app.command(name="list", help_epilogue=example("component list"))
def list_(*, common: Common = Common()) -> None:
    """List the components that this node can run."""
    from interconn.cli.output import print_reply, print_table

    with common.node() as node:
        found = node.components.list()
    if common.json:
        print_reply(found)
        return
    print_table(
        [
            say("component"),
            say("provider"),
            say("version"),
            say("status"),
            say("roles"),
            say("image"),
            say("what it does"),
        ],
        [
            [c.name, c.provider, c.version, c.status, c.roles, c.image, c.description or c.title]
            for c in found.components
        ],
        empty=say("this node can run no components"),
    )


@app.command(help_epilogue=example("component disable psi", "component disable psi --version 1.0.0 --reason audit"))
def disable(
    name: str,
    *,
    provider: str | None = None,
    version: str | None = None,
    reason: str = "",
    common: Common = Common(),
) -> None:
    """Launch one of the node's components no more, until it is enabled again (MGT-6.2); what runs goes on.

    Partners find it in no list any more and see it as DISABLED; a job that would run it here is refused.

    Parameters
    ----------
    name
        The component.
    provider
        Its provider, where several components have the name.
    version
        Its version, where there are several.
    reason
        Why; partners are not told.
    """
    with common.node() as node:
        found = node.components.disable(name, provider=provider, version=version, reason=reason)
    _show_own(found, common)


@app.command(help_epilogue=example("component enable psi"))
def enable(
    name: str,
    *,
    provider: str | None = None,
    version: str | None = None,
    reason: str = "",
    common: Common = Common(),
) -> None:
    """Launch one of the node's components again (MGT-6.2).

    Parameters
    ----------
    name
        The component.
    provider
        Its provider, where several components have the name.
    version
        Its version, where there are several.
    reason
        Why, for the audit trail.
    """
    with common.node() as node:
        found = node.components.enable(name, provider=provider, version=version, reason=reason)
    _show_own(found, common)


@app.command(help_epilogue=example("component lint examples/counting.json"))
def lint(file: Path, *, common: Common = Common()) -> None:
    """Look at a self-description as a registration would; nothing is kept (CTL-6.1 to CTL-6.5).

    Parameters
    ----------
    file
        The self-description: a JSON object.
    """
    from interconn.cli.description_file import read_description_file
    from interconn.cli.output import print_card, print_reply

    with common.node() as node:
        found = node.components.lint(read_description_file(file))
    if common.json:
        print_reply(found)
        return
    known = say("with this content") if found.same else say("with other content") if found.known else ""
    print_card(
        f"{found.name} {found.version}",
        [
            (say("provider"), found.provider),
            (say("roles"), found.roles),
            (say("digest"), found.digest),
            (say("known here"), known),
            (say("remarks"), found.remarks),
        ],
    )


@app.command(help_epilogue=example("component register counting.json --image registry.example/counting:1"))
def register(file: Path, *, image: str, common: Common = Common()) -> None:
    """Register a component that comes as an image (CTL-5.8); what is known already stays as it is.

    It can be named in flows and is offered to partners. This node launches no images: jobs that would run it here are
    refused, those in which other parties alone run it are not.

    Parameters
    ----------
    file
        The self-description: a JSON object.
    image
        Where the image is to be had.
    """
    from interconn.cli.description_file import read_description_file
    from interconn.cli.output import print_next, print_reply

    description = read_description_file(file)
    with common.node() as node:
        found = node.components.lint(description)
        node.components.register(description, image)
    if common.json:
        print_reply(found)
        return
    print(say("{name} {version} is registered", name=found.name, version=found.version))
    for remark in found.remarks:
        print(say("remark: {remark}", remark=remark))
    print_next(say("it can be named in flows; this node launches no images"))


@app.command(help_epilogue=example("component withdraw counting --provider maker --version 1.0.0"))
def withdraw(name: str, *, provider: str, version: str, reason: str = "", common: Common = Common()) -> None:
    """Have the node know a registered component no more; refused while a job that is made of it goes on.

    Parameters
    ----------
    name
        The component.
    provider
        Its provider.
    version
        Its version.
    reason
        Why, for the audit trail.
    """
    from interconn.cli.output import print_reply

    with common.node() as node:
        done = node.components.withdraw(name, provider, version, reason=reason)
    if common.json:
        print_reply(done)
        return
    print(say("{name} {version} is no longer registered", name=name, version=version))


def _show_own(component: ComponentView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(component)
        return
    print_card(
        f"{component.name} {component.version}",
        [
            (say("provider"), component.provider),
            (say("status"), component.status),
            (say("since"), instant(component.since)),
            (say("by"), component.by),
            (say("reason"), component.reason),
        ],
    )


@app.command(help_epilogue=example("component discover operator"))
def discover(
    partner: str,
    *,
    category: str | None = None,
    developer: str | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List the components that a partner can run (MGT-6.1).

    Parameters
    ----------
    partner
        Id of the partner's node.
    category
        Only those of this category.
    developer
        Only those of this developer.
    """

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.components.discover(
                partner, page=page, size=size, category=category, developer=developer
            ),
            "records",
        )
    pages.show(
        found,
        [say("component"), say("version"), say("category"), say("developer")],
        [[c.code, c.version, c.category, c.developer] for c in found.records],
        empty=say("{node_id} offers no components", node_id=partner),
        json=common.json,
    )


@app.command(help_epilogue=example("component show operator psi --version 1.0.0"))
def show(partner: str, code: str, *, version: str, common: Common = Common()) -> None:
    """Show a component that a partner can run (MGT-6.2).

    Parameters
    ----------
    partner
        Id of the partner's node.
    code
        The component.
    version
        Its version.
    """
    from interconn.cli.output import print_card, print_reply

    with common.node() as node:
        found = node.components.show(partner, code, version)
    if common.json:
        print_reply(found)
        return
    print_card(
        f"{found.code} {found.version}",
        [
            (say("name"), found.name),
            (say("status"), found.status),
            (say("engine"), found.engine),
            (say("category"), found.category),
            (say("developer"), found.developer),
            (say("description"), found.description),
            (say("inputs"), [entry.get("name", entry) for entry in found.inputs]),
            (say("outputs"), [entry.get("name", entry) for entry in found.outputs]),
        ],
    )
