"""Making a new node: its home, configuration, keys, certificate, admin token and database."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from interconn.access.token_text import BOOTSTRAP, new_secret
from interconn.api import policy_file
from interconn.identity.certificates import create_authority, create_node_certificate, create_signing_certificate
from interconn.identity.key_files import FileKeyStore, write_private
from interconn.identity.keys import Certified, KeyStore, Signer
from interconn.node import settings
from interconn.node.settings import InitialSettings, StateSection, TrustSection
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType
from interconn.state import schema
from interconn.state.database import database_url


@dataclass(frozen=True)
class Home:
    """The folders and files of a node."""

    root: Path

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.root / settings.FILE_NAME

    @property
    def policy(self) -> Path:
        """What the node decides by declaration; there need not be one."""
        return self.root / policy_file.FILE_NAME

    @property
    def keys(self) -> Path:
        """The signing key's folder, mode 0700."""
        return self.root / "keys"

    @property
    def own_authority(self) -> Path:
        """The authority that a node with auth_type CERT made for itself, for partners' `trust/roots`."""
        return self.root / "trust" / "own" / "authority.pem"

    @property
    def admin_token(self) -> Path:
        """The bootstrap token, mode 0600: it has every role, and names nobody."""
        return self.root / "admin.token"

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.root / "state" / "node.db"

    @property
    def nonces(self) -> Path:
        """Nonces seen."""
        return self.root / "state" / "nonces.db"

    @property
    def journal(self) -> Path:
        """Messages not yet taken by components."""
        return self.root / "state" / "journal"

    @property
    def storage(self) -> Path:
        """Data sets."""
        return self.root / "storage"

    @property
    def tasks(self) -> Path:
        """Working directories of tasks."""
        return self.root / "tasks"

    @property
    def running(self) -> Path:
        """What a running node tells of itself."""
        return self.root / "run"

    def key_store(self) -> KeyStore:
        """Return where the signing key lives; another kind of store is chosen here."""
        return FileKeyStore(self.keys)

    def database_url(self, state: StateSection) -> str:
        """Return the configured database URL, which may hold a password, or that of the SQLite file.

        Raises:
            ConfigurationError: the file that should hold it cannot be read, or others can read it too.
        """
        if not state.database_file:
            return state.database or database_url(self.database)
        file = self.root / state.database_file
        if state.database:
            raise ConfigurationError("the URL of the database is given twice", where="state.database_file")
        try:
            if file.stat().st_mode & 0o077:
                raise ConfigurationError(
                    "others than the node's user may read or write the file",
                    where=str(file),
                    hint=f"chmod 600 {file}",
                )
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"the file cannot be read: {error.strerror}", where=str(file)) from None


def initialise(initial: InitialSettings) -> Signer:
    """Make a node and return its signer, whose fingerprint partners are told.

    Raises:
        ConfigurationError: a node is there already, or a file given cannot be used.
    """
    settings.check_ports(initial)
    home = Home(initial.home.absolute())
    if home.configuration.exists():
        raise ConfigurationError(
            "a node is here already", where=str(home.root), hint="Choose another --home; nothing was changed"
        )
    try:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.root.chmod(0o700)
        for folder in (home.database.parent, home.journal, home.storage, home.tasks, home.running):
            folder.mkdir(mode=0o700, exist_ok=True)
        _certificates(initial, home)
        signer = home.key_store().create(initial.auth_type, _certified(initial, home))
        write_private(home.admin_token, f"{new_secret(BOOTSTRAP)}\n".encode())
        schema.upgrade(database_url(home.database))
        # The configuration comes last: a node without one is not a node. Keys of an interrupted init are not
        # overwritten: that they were never used is for a person to say, by removing the home.
        settings.write(home.configuration, _sections(initial))
    except OSError as error:
        raise ConfigurationError(
            f"the node cannot be made: {error.strerror}", where=str(error.filename or home.root)
        ) from None
    return signer


def _certified(initial: InitialSettings, home: Home) -> Certified | None:
    """Return what a node signs with under a certificate (auth_type CERT)."""
    roots, lists = home.root / TrustSection().roots, home.root / TrustSection().revoked
    for folder in (roots, lists):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = (initial.signing_certificate, initial.signing_key)
    if initial.auth_type is not AuthType.CERT:
        if any(given):
            raise ConfigurationError("a certificate to sign with needs auth_type CERT", where="signing_certificate")
        return None
    if initial.signing_certificate and initial.signing_key:
        return Certified(initial.signing_key.read_bytes(), initial.signing_certificate.read_bytes())
    if any(given):
        raise ConfigurationError("a certificate and its private key go together", where="signing_certificate")
    authority = create_authority(f"{initial.node.node_id} authority for trying out"[:64])
    home.own_authority.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.own_authority.write_bytes(authority.certificate)
    write_private(home.own_authority.with_suffix(".key"), authority.private_key)
    return create_signing_certificate(initial.node.node_id, authority)


def _sections(initial: InitialSettings) -> dict[str, dict[str, object]]:
    return {
        "node": initial.node.model_dump(),
        "partner": {**initial.partner.model_dump(), "address": initial.partner.address or _default_address(initial)},
        "component": initial.component.model_dump(),
        "admin": initial.admin.model_dump(),
    }


def _default_address(initial: InitialSettings) -> str:
    scheme = "https" if initial.partner.tls else "http"
    return f"{scheme}://{initial.hosts[0]}:{initial.partner.port}"


def _certificates(initial: InitialSettings, home: Home) -> None:
    certificate_file = home.root / initial.partner.certificate
    key_file = home.root / initial.partner.private_key
    trusted = home.root / initial.partner.trusted
    trusted.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (initial.certificate is None) != (initial.private_key is None):
        raise ConfigurationError("a certificate and its private key go together", where="certificate")
    if initial.certificate and initial.private_key:
        shutil.copyfile(initial.certificate, certificate_file)
        write_private(key_file, initial.private_key.read_bytes())
    else:
        made = create_node_certificate(initial.node.node_id, initial.hosts)
        certificate_file.write_bytes(made.certificate)
        write_private(key_file, made.private_key)
    names = [source.with_suffix(".pem").name for source in initial.trusted]
    if len(set(names)) != len(names):  # the last would silently take the place of the others
        raise ConfigurationError(
            "two files of the same name", where="trusted", hint="Name each after its partner; they lie in one folder"
        )
    for source, name in zip(initial.trusted, names, strict=True):
        shutil.copyfile(source, trusted / name)
