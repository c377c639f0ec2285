"""A node's name card as its configuration has it, and changing it there (MGT-3.4)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import tomli_w
from pydantic import ValidationError

import interconn
from interconn.identity.node import NodeIdentity
from interconn.node.settings import FILE_NAME, NESTED, PREFIX, NodeSection, PartnerSection, Settings
from interconn.standard.errors import ConfigurationError
from interconn.standard.wire import describe


def name_card(settings: Settings) -> NodeIdentity:
    """Return what a node is called, by its configuration."""
    section = settings.node
    scheme = "https" if settings.partner.tls else "http"
    return NodeIdentity(
        node_id=section.node_id,
        inst_id=section.inst_id,
        institution=section.institution,
        name=section.name,
        address=settings.partner.address or f"{scheme}://{settings.partner.host}:{settings.partner.port}",
        system="interconn",
        system_version=interconn.__version__,
        description=section.description,
    )


def change_card(home: Path, members: Mapping[str, str]) -> None:
    """Change members of the name card in a node's configuration; every other line of the file stays as it is.

    Args:
        home: the node's folder.
        members: new values of address, name, institution and description, as far as they change.

    Raises:
        ConfigurationError: a value cannot be used, or the environment outranks the file; nothing was changed.
    """
    path = home / FILE_NAME
    lines = path.read_text(encoding="utf-8").split("\n")
    for name, value in members.items():
        table = "partner" if name == "address" else "node"
        variable = f"{PREFIX}{table.upper()}{NESTED}{name.upper()}"
        if variable in os.environ:
            raise ConfigurationError("the environment outranks the file", where=variable, hint="Change it there")
        lines = _with_value(lines, table, name, value)
    changed = tomllib.loads("\n".join(lines))
    try:
        NodeSection(**changed["node"])
        PartnerSection(**changed.get("partner", {}))
    except ValidationError as error:
        raise ConfigurationError(describe(error), where=str(path)) from None
    temporary = path.with_suffix(".partial")
    temporary.write_text("\n".join(lines), encoding="utf-8")
    temporary.replace(path)


def _with_value(lines: list[str], table: str, name: str, value: str) -> list[str]:
    line = tomli_w.dumps({name: value}).strip()
    begin = next((number for number, text in enumerate(lines) if text.strip() == f"[{table}]"), None)
    if begin is None:
        return [*lines, f"[{table}]", line, ""]
    for number in range(begin + 1, len(lines)):
        if lines[number].lstrip().startswith("["):
            break
        if lines[number].partition("=")[0].strip() == name:
            return [*lines[:number], line, *lines[number + 1 :]]
    return [*lines[: begin + 1], line, *lines[begin + 1 :]]
