"""Where a node of this machine is reached: what its home directory tells."""

from __future__ import annotations

import json
import os
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
        token: a person's, or the node's own; secret.
    """

    url: str
    token: str = field(repr=False)


def find_node(home: Path, token_file: Path | None = None) -> NodeAccess:
    """Read from a home directory how its running node is reached.

    Args:
        home: the node's directory.
        token_file: where one's own token lies, instead of the node's; INTERCONN_TOKEN_FILE names one too.

    Raises:
        ConfigurationError: there is no node in that directory, or its token cannot be read.
        PeerUnreachable: the node is not running.
    """
    return NodeAccess(find_address(home), read_token(find_token(home, token_file)))


def find_address(home: Path) -> str:
    """Read from a home directory where the admin listener of its running node is.

    Raises:
        ConfigurationError: there is no node in that directory.
        PeerUnreachable: the node is not running.
    """
    if not (home / "node.toml").exists():
        raise ConfigurationError(
            "there is no node in this directory",
            where=str(home),
            hint="Make one with 'interconn node init', or name its directory with --home or INTERCONN_HOME",
        )
    try:
        return str(json.loads((home / LISTENERS).read_text())["admin"])
    except (OSError, ValueError, KeyError, TypeError):
        raise PeerUnreachable(
            "the node is not running", where=str(home), hint=f"Start it: interconn node run --home {home}"
        ) from None


def find_token(home: Path, token_file: Path | None = None) -> Path:
    """Return the file whose token is presented: the one given, the one that the environment names, or the node's."""
    named = os.environ.get("INTERCONN_TOKEN_FILE")
    return token_file or (Path(named) if named else home / TOKEN)


def read_token(path: Path) -> str:
    """Read a token from its file.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    try:
        token = path.read_text().strip()
    except FileNotFoundError:
        raise ConfigurationError(
            "there is no file of a token",
            where=str(path),
            hint="'interconn token create --file FILE' makes one; --token-file or INTERCONN_TOKEN_FILE names it",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the token cannot be read: {type(error).__name__}",
            where=str(path),
            hint="Only the user that made the node can read it; or pass --token-file",
        ) from None
    if not token:
        raise ConfigurationError("the file of the token is empty", where=str(path))
    return token
