"""Where a node of this machine is reached: what its home directory tells."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from interconn.standard.errors import ConfigurationError, PeerUnreachable

LISTENERS = Path("run/listeners.json")
TOKEN = Path("admin.token")


@dataclass(frozen=True)
class NodeAccess:
    """Address and token of a node's admin listener.

    Attributes:
        url: base URL.
        token: the admin token; secret.
    """

    url: str
    token: str = field(repr=False)


def find_node(home: Path) -> NodeAccess:
    """Read from a home directory how its running node is reached.

    Raises:
        ConfigurationError: there is no node in that directory, or its token cannot be read.
        PeerUnreachable: the node is not running.
    """
    if not (home / "node.toml").exists():
        raise ConfigurationError(
            "there is no node in this directory",
            where=str(home),
            hint="Make one with 'interconn node init', or name its directory with --home or INTERCONN_HOME",
        )
    try:
        admin = str(json.loads((home / LISTENERS).read_text())["admin"])
    except (OSError, ValueError, KeyError, TypeError):
        raise PeerUnreachable(
            "the node is not running", where=str(home), hint=f"Start it: interconn node run --home {home}"
        ) from None
    return NodeAccess(admin, read_token(home / TOKEN))


def read_token(path: Path) -> str:
    """Read an admin token from its file.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the admin token cannot be read: {type(error).__name__}",
            where=str(path),
            hint="Only the user that made the node can read it; or pass --token-file",
        ) from None
    if not token:
        raise ConfigurationError("the file of the admin token is empty", where=str(path))
    return token
