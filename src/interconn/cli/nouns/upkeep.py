"""What is done to a home rather than asked of a node: backup, restore, and moving its database to another schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from interconn.cli.options import DEFAULT_HOME, Flag
from interconn.cli.wording import say

Home = Annotated[Path, Parameter(env_var="INTERCONN_HOME")]


def backup(
    *,
    to: Path,
    home: Home = DEFAULT_HOME,
    without_data: Annotated[bool, Flag] = False,
    passphrase_file: Path | None = None,
    json: Annotated[bool, Flag] = False,
) -> None:
    """Write a backup of the node to one file, while the node runs or not. Whoever has the file can read its rows.

    Parameters
    ----------
    to
        The file, which must not exist yet.
    home
        The node's directory.
    without_data
        Leave the data sets out, where these are kept elsewhere.
    passphrase_file
        File whose first line seals the node's keys into the backup; without it they are left out.
    json
        Print JSON for machines.
    """
    from dataclasses import asdict

    from interconn.cli.output import instant, print_card, print_json
    from interconn.node.backup import back_up

    made = back_up(home, to, data=not without_data, passphrase=_passphrase(passphrase_file))
    if json:
        print_json({**asdict(made), "file": str(to)})
        return
    print_card(
        say("backup of {node_id}", node_id=made.node_id),
        [
            (say("file"), to),
            (say("of"), instant(made.made_at)),
            (say("schema"), made.schema),
            (say("rows"), sum(made.rows.values())),
            (say("other files"), len(made.files) - len(made.rows)),
            (say("data sets"), made.with_data),
            (say("keys"), say("sealed by the passphrase") if made.with_keys else say("left out")),
        ],
    )


def restore(
    *,
    from_: Annotated[Path, Parameter(name="--from")],
    home: Home = DEFAULT_HOME,
    passphrase_file: Path | None = None,
    keys_from: Path | None = None,
    database: str = "",
    signed_by: str = "",
    json: Annotated[bool, Flag] = False,
) -> None:
    """Make a node from a backup, in a new directory. Never run it beside the node that the backup is of.

    Parameters
    ----------
    from_
        The backup.
    home
        The directory to make; it must not hold anything.
    passphrase_file
        File whose first line opens the keys in the backup.
    keys_from
        Directory of a node, e.g. the broken one, that holds its keys, where the backup does not.
    database
        Where the rows go: "sqlite", or the URL of an empty PostgreSQL database; as configured if not given.
    signed_by
        Fingerprint of a former key of the node, where the backup is older than a change of its keys.
    json
        Print JSON for machines.
    """
    from dataclasses import asdict

    from interconn.cli.output import instant, print_card, print_json, print_next
    from interconn.node.restore import restore as restore_node

    made = restore_node(
        from_,
        home,
        passphrase=_passphrase(passphrase_file),
        keys_from=keys_from,
        database=database,
        signed_by=signed_by,
    )
    if json:
        print_json({**asdict(made), "home": str(home)})
        return
    print_card(
        say("node {node_id} is restored", node_id=made.node_id),
        [
            (say("home"), home),
            (say("as of"), instant(made.made_at)),
            (say("admin token"), say("a new one, in admin.token")),
            (say("note"), say("what was decided later is forgotten here, and not at partners")),
        ],
    )
    print_next(f"interconn node run --home {home}")


def migrate(
    *,
    to: str = "",
    check: Annotated[bool, Flag] = False,
    home: Home = DEFAULT_HOME,
    json: Annotated[bool, Flag] = False,
) -> None:
    """Bring the database of a node that does not run to another schema; a starting node goes to the newest by itself.

    Parameters
    ----------
    to
        The schema; the newest if not given. What an older one has no place for is lost: back up before.
    check
        Change nothing, and show which schema the database has.
    home
        The node's directory.
    json
        Print JSON for machines.
    """
    from interconn.cli.output import print_card, print_json
    from interconn.node.migration import migrate as migrate_node
    from interconn.node.migration import standing

    before, newest = standing(home)
    after = before if check else migrate_node(home, to or newest)
    if json:
        print_json({"before": before, "schema": after, "newest": newest})
        return
    print_card(say("schema {schema}", schema=after), [(say("before"), before), (say("newest"), newest)])


def _passphrase(file: Path | None) -> str | None:
    from interconn.standard.errors import ConfigurationError

    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the passphrase cannot be read: {error}", where=str(file)) from None
