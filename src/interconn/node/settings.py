"""Configuration of a node: `node.toml` in its home, every value overridable by the environment.

`[partner] port = 7304` is overridden by `INTERCONN_PARTNER__PORT`. A member that is not known is refused,
so that a misspelt one cannot silently leave a default in force.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from interconn.access.policy import Policy
from interconn.access.rates import Rate
from interconn.components.room import machine_room
from interconn.standard.errors import ConfigurationError
from interconn.standard.identifiers import Identifier
from interconn.standard.management import AuthType
from interconn.standard.wire import describe

FILE_NAME = "node.toml"
PREFIX: Final = "INTERCONN_"
NESTED: Final = "__"
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class Section(BaseModel):
    """A table of the configuration file."""

    model_config = ConfigDict(extra="forbid", validate_default=True)


class NodeSection(Section):
    """Who the node is."""

    node_id: Identifier
    inst_id: Identifier
    institution: Name
    name: Name
    description: str = ""


class PartnerSection(Section):
    """The listener that partners reach.

    `address` is what partners are told; `tls = false` serves plain HTTP, and the node says so loudly.
    """

    host: str = "0.0.0.0"  # noqa: S104 - partners come from outside; every call is proven
    port: Port = 7304  # TRN-G5.1.1.1-port
    address: str = ""
    tls: bool = True
    certificate: str = "tls/node.pem"
    private_key: str = "tls/node.key"
    trusted: str = "tls/trusted"

    @field_validator("address")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
            raise ValueError("must be like https://node.bank.example:7304")
        return value.rstrip("/")


class LocalSection(Section):
    """A listener for this machine or its pod network."""

    host: str = "127.0.0.1"
    port: Port


class ComponentSection(LocalSection):
    """The listener of algorithm components."""

    port: Port = 7305


class AdminSection(LocalSection):
    """The listener of the institution's own people and systems."""

    port: Port = 7306
    hosts: list[Name] = Field(default=[], description="names under which people call it, beside localhost")


class StateSection(Section):
    """Where the node keeps its state."""

    database: str = Field(default="", repr=False, description="SQLAlchemy URL; SQLite in the home where empty")
    database_file: str = Field(default="", description="file that holds the URL instead, e.g. one with a password")


class SecuritySection(Section):
    """Bounds that callers must keep."""

    clock_window_seconds: int = Field(default=300, ge=5, le=3600)
    require_known_nodes: bool = Field(default=False, description="answer node/query to partners only (MGT-G2.2.3.3-1)")


class AccessSection(Section):
    """Bounds of this node's own people and their tokens."""

    token_days: int = Field(default=90, ge=1, le=3660)
    token_days_maximum: int = Field(default=366, ge=1, le=3660)
    requests_per_second: float = Field(default=200, gt=0, description="by one token")
    burst: int = Field(default=5000, ge=1)
    address_requests_per_second: float = Field(default=400, gt=0, description="from one address")
    address_burst: int = Field(default=10_000, ge=1)
    failures: int = Field(default=5, ge=1, description="wrong tokens under one id before the first refusal")
    lockout_seconds: int = Field(default=900, ge=1, le=86_400, description="longest refusal")
    separate_duties: bool = True

    def policy(self) -> Policy:
        """Return the bounds as the access layer takes them."""
        return Policy(
            token_days=self.token_days,
            token_days_maximum=self.token_days_maximum,
            token_rate=Rate(self.requests_per_second, self.burst),
            address_rate=Rate(self.address_requests_per_second, self.address_burst),
            failures=self.failures,
            lockout_seconds=self.lockout_seconds,
            separate_duties=self.separate_duties,
        )


class TrustSection(Section):
    """Which certificates of partners that sign with one (auth_type CERT) are believed."""

    roots: str = "trust/roots"
    revoked: str = "trust/revoked"
    revocation: Literal["require", "use"] = Field(
        default="use", description="require: refuse where an authority's list is missing or old; use: obey those there"
    )


class KeysSection(Section):
    """What becomes of partners' keys when they change them (MGT-3.4)."""

    overlap_hours: float = Field(default=24, ge=0.01, le=720, description="how long the former key is accepted still")
    compare_changed: bool = Field(default=False, description="a person compares the fingerprint of each new key too")
    changed_auth_type: Literal["refuse", "ask", "accept"] = Field(
        default="refuse", description="a new key of another auth_type; a weaker one is never accepted without asking"
    )


class ControlSection(Section):
    """How jobs are run."""

    patience_seconds: float = Field(default=45, gt=0, description="how long a silent partner is waited for")
    cores: float | None = Field(default=None, gt=0, description="cores that components share; all where it is left out")
    memory: float | None = Field(default=None, gt=0, description="GiB that components share; all where it is left out")
    disk: float | None = Field(default=None, gt=0, description="GiB that components share; no bound where left out")
    components: int = Field(default=32, gt=0, description="components that run at once")
    task_seconds: float = Field(default=604_800, gt=0, description="after which a component is taken for hung")

    def room(self) -> dict[str, float]:
        """Return what components may take of the machine together."""
        given = {"cpu": self.cores, "memory": self.memory, "disk": self.disk, "components": float(self.components)}
        return machine_room() | {name: amount for name, amount in given.items() if amount is not None}


class TrailSection(Section):
    """The audit trail."""

    head_seconds: float = Field(default=10, gt=0, description="how long entries gather before partners get a head")


class TransportSection(Section):
    """Bounds of the transport layer."""

    session_bytes: int = Field(default=256 * 1024 * 1024, ge=1024)
    session_messages: int = Field(default=100_000, ge=1)


class LogSection(Section):
    """What the node logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """All of a node's configuration."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid")

    node: NodeSection
    partner: PartnerSection = PartnerSection()
    component: ComponentSection = ComponentSection()
    admin: AdminSection = AdminSection()
    state: StateSection = StateSection()
    security: SecuritySection = SecuritySection()
    access: AccessSection = AccessSection()
    trust: TrustSection = TrustSection()
    keys: KeysSection = KeysSection()
    control: ControlSection = ControlSection()
    trail: TrailSection = TrailSection()
    transport: TransportSection = TransportSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment outranks the file, whose content is given as initial values."""
        return env_settings, init_settings


class InitialSettings(Section):
    """What `interconn node init` is told.

    Attributes:
        home: the node's folder, made if absent.
        auth_type: how the node signs.
        hosts: names and addresses for the TLS certificate.
        signing_certificate, signing_key: PEM files of the key and certificates to sign with, for CERT; without them
            the node makes an authority of its own, for trying out.
        certificate, private_key: PEM files of the institution's own authority, instead of a self-signed one.
        trusted: PEM files of authorities to trust partners' servers by.
    """

    home: Path
    node: NodeSection
    partner: PartnerSection = PartnerSection()
    component: ComponentSection = ComponentSection()
    admin: AdminSection = AdminSection()
    auth_type: AuthType = AuthType.SHA256_ECDSA
    signing_certificate: Path | None = None
    signing_key: Path | None = None
    hosts: list[str] = ["localhost", "127.0.0.1"]
    certificate: Path | None = None
    private_key: Path | None = None
    trusted: list[Path] = []


def load(home: Path) -> Settings:
    """Read the configuration of a node.

    Args:
        home: the node's folder.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or it or the environment holds what cannot be used.
    """
    path = home / FILE_NAME
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            "there is no node here", where=str(path), hint="Make one with 'interconn node init', or give its --home"
        ) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the configuration cannot be read: {error}", where=str(path)) from None
    _check_environment()
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(
            describe(error), where=str(path), hint="See docs/configuration.md; the environment outranks the file"
        ) from None
    check_ports(settings)
    return settings


def check_ports(settings: Settings | InitialSettings) -> None:
    """Check that each listener has a port of its own; 0 stands for any free one.

    Raises:
        ConfigurationError: two have the same.
    """
    seen: dict[int, str] = {}
    for name, port in (
        ("partner", settings.partner.port),
        ("component", settings.component.port),
        ("admin", settings.admin.port),
    ):
        if port and port in seen:
            raise ConfigurationError(
                f"the listener has port {port}, as {seen[port]} has",
                where=f"{name}.port",
                hint="Each of the three listeners needs a port of its own",
            )
        seen[port] = name


def _check_environment() -> None:
    # A misspelt member is refused with the file's; of a misspelt table pydantic would say nothing.
    for variable in os.environ:
        section, nested, _ = variable.removeprefix(PREFIX).partition(NESTED)
        if variable.startswith(PREFIX) and nested and section.lower() not in Settings.model_fields:
            raise ConfigurationError(
                f"the configuration has no table {section.lower()}",
                where=variable,
                hint=f"It has {', '.join(Settings.model_fields)}",
            )


def write(path: Path, sections: dict[str, Any]) -> None:
    """Write a configuration file that is there whole or not at all."""
    temporary = path.with_suffix(".partial")
    temporary.write_text(tomli_w.dumps(sections), encoding="utf-8")
    temporary.replace(path)
