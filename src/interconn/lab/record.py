"""What a lab knows of its nodes, kept in one file of its directory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from interconn.client import NodeAccess
from interconn.client.home import TOKEN, read_token
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType

FILE_NAME = "lab.json"


@dataclass(frozen=True)
class Member:
    """A node to be made.

    Attributes:
        node_id: id of the node.
        inst_id: id of its institution.
        institution: name of the institution.
        auth_type: how it signs.
    """

    node_id: str
    inst_id: str
    institution: str
    auth_type: AuthType = AuthType.SHA256_ECDSA


@dataclass(frozen=True)
class NodeRecord:
    """A node of a lab.

    Attributes:
        node_id: id of the node.
        inst_id: id of its institution.
        partner_url: where partners reach it.
        component_url: where its components reach it.
        admin_url: where its people reach it.
        home: its directory, absolute.
        pid: process that was started last.
    """

    node_id: str
    inst_id: str
    partner_url: str
    component_url: str
    admin_url: str
    home: str
    pid: int

    @property
    def directory(self) -> Path:
        """The node's directory."""
        return Path(self.home)

    @property
    def log(self) -> Path:
        """What the node's process printed; beside its home, so that it is there before the node is."""
        return self.directory.parent / "logs" / f"{self.node_id}.log"

    @property
    def access(self) -> NodeAccess:
        """Address and token of its admin listener."""
        return NodeAccess(self.admin_url, read_token(self.directory / TOKEN))

    def started(self, pid: int) -> NodeRecord:
        """Return the record of the same node in a new process."""
        return replace(self, pid=pid)

    def to_json(self) -> dict[str, Any]:
        """Return what a machine is told; gRPC is served on the port of the partner listener."""
        return {
            "node_id": self.node_id,
            "inst_id": self.inst_id,
            "partner_url": self.partner_url,
            "component_url": self.component_url,
            "admin_url": self.admin_url,
            "grpc": urlsplit(self.partner_url).netloc,
            "home": self.home,
            "admin_token": self.access.token,
        }


def write(directory: Path, nodes: list[NodeRecord]) -> None:
    """Write the file, whole or not at all."""
    partial = directory / f"{FILE_NAME}.partial"
    partial.write_text(json.dumps({"nodes": [asdict(node) for node in nodes]}, indent=2))
    partial.replace(directory / FILE_NAME)


def read(directory: Path) -> list[NodeRecord]:
    """Read the file.

    Raises:
        ConfigurationError: there is no lab in that directory, or its file is damaged.
    """
    path = directory / FILE_NAME
    try:
        return [NodeRecord(**node) for node in json.loads(path.read_text())["nodes"]]
    except FileNotFoundError:
        raise ConfigurationError(
            "there is no lab in this directory",
            where=str(directory),
            hint="Make one with 'interconn lab up', or name its directory with --home",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"the file of the lab cannot be read: {type(error).__name__}", where=str(path)
        ) from None
