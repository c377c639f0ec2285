"""`interconn user …`: the node's own people, and what each may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App

from interconn.cli.options import Common, Several, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.people import UserView

app = App(
    name="user",
    help="The node's own people, and what each may do (docs/access.md).",
    help_epilogue=example("user add ann --role data_owner", "user list"),
)

RoleName = Literal["admin", "operator", "data_owner", "approver", "auditor"]


@app.command(help_epilogue=example("user add ann --role operator", "user add ben --role data_owner --dataset loans"))
def add(
    name: str,
    *,
    role: Annotated[list[RoleName], Several],
    dataset: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    description: str | None = None,
    common: Common = Common(),
) -> None:
    """Take a person in. A token comes next: interconn token create --user NAME.

    Parameters
    ----------
    name
        Name by which the audit trail will call the person; it is never given twice.
    role
        What the person may do; several may be given.
    dataset
        Data sets that a data owner answers for; all, if none is named.
    description
        Who that is.
    """
    from interconn.api.roles import Role
    from interconn.cli.output import print_next

    with common.node() as node:
        view = node.users.add(name, [Role(each) for each in role], datasets=dataset or None, description=description)
    _show(view, common)
    if not common.json:
        print_next(f"interconn token create --user {name} --file {name}.token")


@app.command(name="list", help_epilogue=example("user list"))
def list_(*, common: Common = Common()) -> None:
    """List people, and what each may do."""
    from interconn.cli.output import instant, print_reply, print_table

    with common.node() as node:
        found = node.users.list()
    if common.json:
        print_reply(found)
        return
    print_table(
        [say("name"), say("roles"), say("data sets"), say("kept out"), say("live tokens"), say("since"), say("who")],
        [
            [u.name, u.roles, u.datasets, u.disabled, u.live_tokens, instant(u.created_at), u.description]
            for u in found.users
        ],
        empty=say("nobody yet"),
    )


@app.command(help_epilogue=example("user roles ann --role operator --role approver"))
def roles(
    name: str,
    *,
    role: Annotated[list[RoleName], Several],
    dataset: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    common: Common = Common(),
) -> None:
    """Give a person these roles and no others; it takes effect at once, for all tokens.

    Parameters
    ----------
    name
        Name of the person.
    role
        What the person may do from now on; several may be given.
    dataset
        Data sets that a data owner answers for; all, if none is named.
    """
    from interconn.api.roles import Role

    with common.node() as node:
        view = node.users.roles(name, [Role(each) for each in role], datasets=dataset or None)
    _show(view, common)


@app.command(help_epilogue=example("user disable ann"))
def disable(name: str, *, common: Common = Common()) -> None:
    """Keep a person out: all tokens end at once, and what they wait for too.

    Parameters
    ----------
    name
        Name of the person.
    """
    with common.node() as node:
        view = node.users.disable(name)
    _show(view, common)


@app.command(help_epilogue=example("user enable ann"))
def enable(name: str, *, common: Common = Common()) -> None:
    """Let a person in again, with the tokens that were neither revoked nor have expired.

    Parameters
    ----------
    name
        Name of the person.
    """
    with common.node() as node:
        view = node.users.enable(name)
    _show(view, common)


@app.command(help_epilogue=example("user me --token-file ann.token"))
def me(*, common: Common = Common()) -> None:
    """Show who the node takes you to be, and what your token may do."""
    from interconn.cli.output import print_card, print_reply

    with common.node() as node:
        found = node.users.me()
    if common.json:
        print_reply(found)
        return
    print_card(
        found.name,
        [
            (say("token"), found.token_id),
            (say("roles"), found.roles),
            (say("reads only"), found.read_only),
            (say("data sets"), found.datasets),
        ],
    )


def _show(user: UserView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(user)
        return
    print_card(
        user.name,
        [
            (say("roles"), user.roles),
            (say("data sets"), user.datasets),
            (say("kept out"), user.disabled),
            (say("live tokens"), user.live_tokens),
            (say("since"), instant(user.created_at)),
            (say("taken in by"), user.created_by),
            (say("who"), user.description),
        ],
    )
