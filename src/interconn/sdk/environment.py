"""The environment of a component as one typed object (CMP-3.3.1, CMP-3.3.2, CMP-3.4.1 to CMP-3.4.4)."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from interconn.standard.errors import ConfigurationError, StorageError
from interconn.storage.address import StorageAddress, parse_storage_address
from interconn.storage.dataset import DatasetName

_SYSTEM: Final = "CMP-3.3.1"
_CONFIG: Final = "CMP-3.3.2"
_PARTY: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,63})\.([0-9]{1,6})")
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_ABSENT: Final = ("", "None", "null")  # the guide's example has the text None for what is not there


@dataclass(frozen=True, order=True)
class Party:
    """One party of the task.

    Attributes:
        role: guest, host or arbiter.
        index: place among the parties of that role, from 0.
        node_id: id of its node.
        inst_id: id of its institution; empty when not told.
    """

    role: str
    index: int
    node_id: str = field(compare=False, default="")
    inst_id: str = field(compare=False, default="")

    @property
    def name(self) -> str:
        """The role with its index, e.g. guest.0."""
        return f"{self.role}.{self.index}"


@dataclass(frozen=True)
class Environment:
    """What the node tells a component. Neither token nor storage password is ever shown.

    Attributes:
        component: componentName of the component to run (CMP-3.4.1).
        task_id: id of the task.
        session_id: session of the task's communication.
        trace_id: id of the call chain; a fresh one where the node gives none, as some do.
        token: shown to the own node with every call.
        roles: roles this process plays, usually one.
        parties: all parties, guests first, then hosts, then others, each by index.
        storage: where data sets lie.
        transport: address of the own node's component listener, with scheme, without trailing slash.
        callback: where status goes; None where the node goes by the exit status alone.
        control_port: port for status queries; None where the node has not asked for one. The standard's default
            of 10086 (CMP-3.2-port) would be opened unasked, and twice where components share a machine.
        log_path: directory for logs, if any.
        parameters: texts of the parameters by name.
        inputs: data sets to read, by name.
        outputs: data sets to write, by name.
    """

    component: str
    task_id: str
    session_id: str
    trace_id: str
    token: str = field(repr=False)
    roles: tuple[str, ...]
    parties: tuple[Party, ...]
    storage: StorageAddress
    transport: str
    callback: str | None
    control_port: int | None
    log_path: Path | None
    parameters: Mapping[str, str] = field(repr=False)
    inputs: Mapping[str, DatasetName]
    outputs: Mapping[str, DatasetName]

    @property
    def self_party(self) -> Party:
        """The party this process plays, the first if it plays several."""
        return next(party for party in self.parties if party.name == self.roles[0])

    @property
    def peers(self) -> tuple[Party, ...]:
        """All other parties."""
        return tuple(party for party in self.parties if party.name != self.roles[0])

    @classmethod
    def read(cls, variables: Mapping[str, str] | None = None) -> Environment:
        """Read the variables of the standard; those of the process by default.

        Raises:
            ConfigurationError: a variable is missing or unusable; names it and its clause, never its value.
        """
        return _Reader(os.environ if variables is None else variables).environment()


class _Reader:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def environment(self) -> Environment:
        roles = tuple(role.strip() for role in self._required("config.self_role", _CONFIG).split(","))
        parties = self._parties()
        for role in roles:
            if role not in {party.name for party in parties}:
                raise _fault("names no party with a config.node_id", "config.self_role", _CONFIG)
        return Environment(
            component=self._required("runtime.component.name", "CMP-3.4.1"),
            task_id=self._header_value("config.task_id"),
            session_id=self._header_value("config.session_id"),
            trace_id=self._optional("config.trace_id") or uuid.uuid4().hex,
            token=self._header_value("config.token"),
            roles=roles,
            parties=parties,
            storage=self._storage(),
            transport=self._transport(),
            callback=self._callback(),
            control_port=self._port(),
            log_path=Path(path) if (path := self._optional("config.log.path")) else None,
            parameters=MappingProxyType(self._below("runtime.component.parameter.")),
            inputs=self._datasets("runtime.component.input.", "CMP-3.4.3"),
            outputs=self._datasets("runtime.component.output.", "CMP-3.4.4"),
        )

    def _optional(self, name: str) -> str | None:
        value = self._variables.get(name, "").strip()
        return None if value in _ABSENT else value

    def _required(self, name: str, clause: str) -> str:
        value = self._optional(name)
        if value is None:
            raise _fault("is not set", name, clause)
        return value

    def _header_value(self, name: str) -> str:
        """A value that travels in a header, where a line end would smuggle in another header."""
        value = self._required(name, _CONFIG)
        if not _HEADER_VALUE.fullmatch(value):
            raise _fault("holds characters that no header can carry", name, _CONFIG)
        return value

    def _below(self, prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): value for name, value in self._variables.items() if name.startswith(prefix)}

    def _parties(self) -> tuple[Party, ...]:
        found = []
        institutions = self._below("config.inst_id.")
        for key, node_id in self._below("config.node_id.").items():
            name = f"config.node_id.{key}"
            match = _PARTY.fullmatch(key)
            if not match:
                raise _fault("does not end in role and index, e.g. guest.0", name, _CONFIG)
            if not _HEADER_VALUE.fullmatch(node_id):
                raise _fault("is no usable node id", name, _CONFIG)
            institution = institutions.get(key, "")
            if institution and not _HEADER_VALUE.fullmatch(institution):
                raise _fault("is no usable institution id", f"config.inst_id.{key}", _CONFIG)
            found.append(Party(match[1], int(match[2]), node_id, institution))
        if not found:
            raise _fault("is not set for any party", "config.node_id.<role>.<n>", _CONFIG)
        order = {"guest": 0, "host": 1, "arbiter": 2}
        return tuple(sorted(found, key=lambda party: (order.get(party.role, 3), party.role, party.index)))

    def _storage(self) -> StorageAddress:
        text = self._required("system.storage", _SYSTEM)
        try:
            return parse_storage_address(text)
        except StorageError as error:
            raise ConfigurationError(error.message, where=error.where, clause=error.clause, hint=error.hint) from None

    def _transport(self) -> str:
        text = self._required("system.transport", _SYSTEM)
        # The standard's own example has no scheme; the listener is on this machine or the pod's network.
        return _url(text if "://" in text else f"http://{text}", "system.transport").rstrip("/")

    def _callback(self) -> str | None:
        text = self._optional("system.callback")
        return _url(text, "system.callback") if text else None

    def _port(self) -> int | None:
        text = self._optional("system.control_port")
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
            raise _fault("is no port", "system.control_port", _SYSTEM)
        return int(text)

    def _datasets(self, prefix: str, clause: str) -> Mapping[str, DatasetName]:
        found = {}
        for key, text in self._below(prefix).items():
            try:
                found[key] = DatasetName.parse(text, where=f"{prefix}{key}")
            except StorageError as error:
                raise _fault(error.message, f"{prefix}{key}", clause) from None
        return MappingProxyType(found)


def _url(text: str, name: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _HEADER_VALUE.fullmatch(text):
        raise _fault("is no http or https address", name, _SYSTEM)
    return text


def _fault(message: str, name: str, clause: str) -> ConfigurationError:
    return ConfigurationError(message, where=name, clause=clause)
