"""`interconn token …`: tokens by which people are known to the node.

A token is never an argument: other users of the machine see those. It goes to a file or to standard output.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App

from interconn.cli.instants import End
from interconn.cli.nouns.user import RoleName
from interconn.cli.options import Common, Flag, Several, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.people import TokenIssued, TokenView

app = App(
    name="token",
    help="Tokens by which people are known to the node (docs/access.md).",
    help_epilogue=example("token create --user ann --file ann.token", "token list"),
)


@app.command(help_epilogue=example("token create --user ann --file ann.token", "token create --read-only --expires 7d"))
def create(
    *,
    user: str | None = None,
    role: Annotated[list[RoleName], Several] = [],  # noqa: B006 - never changed
    read_only: Annotated[bool, Flag] = False,
    expires: End = None,
    description: str | None = None,
    file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Make a token. It is shown this once: in the file, or alone on standard output.

    Parameters
    ----------
    user
        Whose it is; your own if not given. Only an admin makes one for somebody else.
    role
        Some of the person's roles, if it is not to have all; several may be given.
    read_only
        It may look, and change nothing.
    expires
        When it ends: 2026-12-31, or 30d, 12h, 45m from now; as the node is configured if not given.
    description
        What it is for.
    file
        New file for it, readable by you alone.
    """
    from interconn.api.roles import Role

    if file:
        _require_free(file)  # or a token would be made that nobody has
    with common.node() as node:
        issued = node.tokens.create(
            user,
            roles=[Role(each) for each in role] or None,
            read_only=read_only,
            expires_at=expires,
            description=description,
        )
    if file:
        _write(file, issued.token)
    _hand_over(issued, file, common)


@app.command(name="list", help_epilogue=example("token list", "token list --user ann --json"))
def list_(*, user: str | None = None, common: Common = Common()) -> None:
    """List tokens, never their secrets: all to an admin or auditor, your own otherwise.

    Parameters
    ----------
    user
        Only those of this person.
    """
    from interconn.cli.output import instant, print_reply, print_table

    with common.node() as node:
        found = node.tokens.list(user=user)
    if common.json:
        print_reply(found)
        return
    print_table(
        [
            say("token"), say("whose"), say("roles"), say("reads only"), say("status"), say("expires"),
            say("last used"), say("made by"), say("what for"),
        ],
        [
            [
                t.token_id, t.user, t.roles, t.read_only, t.status, instant(t.expires_at),
                instant(t.last_used_at), t.created_by, t.description,
            ]
            for t in found.tokens
        ],
        empty=say("no tokens"),
    )  # fmt: skip


@app.command(help_epilogue=example("token revoke 3f9a1c0b5d7e2468", "token revoke bootstrap"))
def revoke(token_id: str, *, common: Common = Common()) -> None:
    """End a token at once, and what its holder waits for.

    Parameters
    ----------
    token_id
        Its public id, as 'token list' shows it; 'bootstrap' is the one that 'node init' made.
    """
    with common.node() as node:
        view = node.tokens.revoke(token_id)
    _show(view, common)


@app.command(help_epilogue=example("token rotate --token-file ann.token", "token rotate --overlap-minutes 30"))
def rotate(
    token_id: str | None = None,
    *,
    overlap_minutes: int = 0,
    file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Replace a token of yours by a new one of the same scope. The file of the token you present is written anew.

    Parameters
    ----------
    token_id
        Which; the one you present if not given. Then it is written to its file, unless --file names another.
    overlap_minutes
        How long the old one goes on, for programs that hold it.
    file
        New file for the new one, readable by you alone.
    """
    from interconn.client.home import find_token

    if file:
        _require_free(file)
    with common.node() as node:
        issued = node.tokens.rotate(token_id, overlap_minutes=overlap_minutes)
    if file is None and token_id is None:
        file = find_token(common.home, common.token_file)
    if file:
        _write(file, issued.token)
    _hand_over(issued, file, common)


def _require_free(file: Path) -> None:
    from interconn.standard.errors import InvalidRequest

    if file.exists():
        raise InvalidRequest(say("the file exists already and is not overwritten"), where=str(file))
    if not file.absolute().parent.is_dir():
        raise InvalidRequest(say("there is no such directory"), where=str(file.parent))


def _write(file: Path, token: str) -> None:
    """Write a token to a file that is whole or not there, and never readable by others."""
    import os
    import tempfile

    descriptor, partial = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as written:
            written.write(f"{token}\n")
            written.flush()
            os.fsync(written.fileno())
        Path(partial).replace(file)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        # It is in force and nobody else has it: better seen once than lost.
        print(token)
        raise


def _hand_over(issued: TokenIssued, file: Path | None, common: Common) -> None:
    from interconn.cli.output import print_json

    if common.json:
        members = issued.to_wire()
        if file:
            members["token"] = None
            members["file"] = str(file)
        print_json(members)
        return
    if file is None:
        print(issued.token)
        print(say("it is not shown again; token {id}", id=issued.token_id), file=sys.stderr)
        return
    _show(issued, common, file)


def _show(token: TokenView, common: Common, file: Path | None = None) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(token)
        return
    print_card(
        say("token {id}", id=token.token_id),
        [
            (say("whose"), token.user),
            (say("roles"), token.roles),
            (say("reads only"), token.read_only),
            (say("status"), token.status),
            (say("expires"), instant(token.expires_at)),
            (say("revoked"), instant(token.revoked_at)),
            (say("what for"), token.description),
            (say("file"), file),
        ],
    )
