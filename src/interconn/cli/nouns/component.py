"""`interconn component …`: components that nodes can run (MGT-6)."""

from __future__ import annotations

from cyclopts import App

from interconn.cli.options import Common, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

app = App(name="component", help="Components that nodes can run.", help_epilogue=example("component list"))


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
        [say("component"), say("provider"), say("version"), say("roles"), say("what it does")],
        [[c.name, c.provider, c.version, c.roles, c.description or c.title] for c in found.components],
        empty=say("this node can run no components"),
    )


@app.command(help_epilogue=example("component discover operator"))
def discover(
    node_id: str,
    *,
    category: str | None = None,
    developer: str | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List the components that a partner can run (MGT-6.1).

    Parameters
    ----------
    node_id
        Id of the partner's node.
    category
        Only those of this category.
    developer
        Only those of this developer.
    """
    from interconn.cli.output import print_reply, print_table

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.components.discover(
                node_id, page=page, size=size, category=category, developer=developer
            ),
            "records",
        )
    if common.json:
        print_reply(found)
        return
    print_table(
        [say("component"), say("version"), say("category"), say("developer")],
        [[c.code, c.version, c.category, c.developer] for c in found.records],
        empty=say("{node_id} offers no components", node_id=node_id),
    )
    pages.tell(len(found.records), found.total)


@app.command(help_epilogue=example("component show operator psi --version 1.0.0"))
def show(node_id: str, code: str, *, version: str, common: Common = Common()) -> None:
    """Show a component that a partner can run (MGT-6.2).

    Parameters
    ----------
    node_id
        Id of the partner's node.
    code
        The component.
    version
        Its version.
    """
    from interconn.cli.output import print_card, print_reply

    with common.node() as node:
        found = node.components.show(node_id, code, version)
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
