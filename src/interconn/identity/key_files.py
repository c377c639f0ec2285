"""The first key store: private keys as files that their owner alone can read."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from interconn.identity.keys import (
    Certified,
    LocalSigner,
    Signer,
    generate,
    open_key,
    private_pem,
    read_certified,
    signer_of,
)
from interconn.identity.trust import node_name
from interconn.standard.errors import ConfigurationError, InvalidRequest
from interconn.standard.management import AuthType

_KEY, _TYPE, _CERTIFICATES, _CURRENT = "signing_key.pem", "auth_type", "certificate.pem", "current"


class FileKeyStore:
    """Keeps each key as `signing_key.pem` with `auth_type` and, for CERT, `certificate.pem` beside it.

    The node's first key lies in the folder itself, each later one in a folder below that is named for its
    fingerprint. The file `current` names the one the node signs with; without it, that is the first. Every step is
    one that is made whole or not at all, and may be repeated.

    Args:
        directory: created with mode 0700 where absent.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def create(self, auth_type: AuthType, certified: Certified | None = None) -> Signer:
        """Make the node's first key, or for CERT take the one given.

        Raises:
            ConfigurationError: a key is there already, or the one given cannot be used.
        """
        signer, files = _made(auth_type, certified)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            write_private(self._directory / name, content)
        return signer

    def load(self) -> Signer:
        """Open the key that the node signs with.

        Raises:
            ConfigurationError: it is missing, unreadable, or readable by others.
        """
        return self._open(self._folder_of_current())

    def add(self, auth_type: AuthType, certified: Certified | None = None) -> Signer:
        """Make, or take, another key beside it.

        Raises:
            ConfigurationError: the key given cannot be used, or is there already.
        """
        signer, files = _made(auth_type, certified)
        fingerprint = signer.credential.fingerprint
        if fingerprint in self.all():
            raise ConfigurationError("this key is here already", where="private key", hint="A new key is a new one")
        self._sweep()
        partial = self._partial(fingerprint)
        partial.mkdir(mode=0o700)
        for name, content in files.items():
            write_private(partial / name, content)
        partial.rename(self._directory / fingerprint)
        _flush(self._directory)
        return signer

    def all(self) -> dict[str, Signer]:
        """Open every key, by fingerprint, the one that the node signs with first.

        Raises:
            ConfigurationError: one is missing, unreadable, or readable by others.
        """
        current = self._folder_of_current()
        first = self._open(current)
        folders = [folder for folder in self._directory.iterdir() if folder.is_dir() and folder.suffix != ".partial"]
        if (self._directory / _KEY).exists():
            folders.append(self._directory)
        others = [self._open(folder) for folder in folders if folder != current]
        return {signer.credential.fingerprint: signer for signer in (first, *others)}

    def promote(self, fingerprint: str) -> None:
        """Make a key the one that the node signs with; the one before it stays beside it."""
        if self.load().credential.fingerprint == fingerprint:
            return
        self._open(self._directory / fingerprint)
        _replace(self._directory / _CURRENT, f"{fingerprint}\n".encode())

    def erase(self, fingerprint: str) -> None:
        """Remove a key for good; a repetition does nothing.

        Its bytes are written over first, which a file system that copies on writing, or a flash memory, may not
        follow: what is gone for sure there is the name.

        Raises:
            ConfigurationError: the node signs with it.
        """
        if self.load().credential.fingerprint == fingerprint:
            raise ConfigurationError("the key that the node signs with is not erased", where=fingerprint)
        folder = self._directory / fingerprint
        if folder.is_dir():
            folder.rename(self._partial(fingerprint))
        elif fingerprint in self.all():
            for name in (_KEY, _TYPE, _CERTIFICATES):
                _wipe(self._directory / name)
        self._sweep()
        _flush(self._directory)

    def certify(self, fingerprint: str, certificates: str) -> Signer:
        """Put new certificates, PEM, in the place of those of a CERT key.

        Raises:
            ConfigurationError: they are not this key's, or it has none.
        """
        folder = self._directory / fingerprint
        if not folder.is_dir():
            folder = self._directory
        if self._open(folder).credential.auth_type is not AuthType.CERT:
            raise ConfigurationError(
                "this node does not sign under a certificate", where="auth_type",
                hint="Change to one with a new key: interconn node rotate-key --auth-type CERT",
            )  # fmt: skip
        signer_of(open_key(AuthType.CERT, (folder / _KEY).read_bytes()), AuthType.CERT, certificates)
        _replace(folder / _CERTIFICATES, certificates.encode())
        return self._open(folder)

    def request(self, node_id: str) -> bytes:
        """Make a certificate signing request, PEM, for the key that the node signs with."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node_id[:64])])
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(node_name(node_id))])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
        return self._open(self._folder_of_current()).sign_request(builder)

    def _partial(self, fingerprint: str) -> Path:
        return self._directory / f"{fingerprint}.partial"

    def _sweep(self) -> None:
        # What was begun and not finished, by this step or by a process that died in it.
        for partial in self._directory.glob("*.partial"):
            for file in partial.iterdir():
                _wipe(file)
            partial.rmdir()

    def _folder_of_current(self) -> Path:
        try:
            return self._directory / (self._directory / _CURRENT).read_text().strip()
        except FileNotFoundError:
            return self._directory

    def _open(self, folder: Path) -> LocalSigner:
        key_file, type_file, certificate_file = folder / _KEY, folder / _TYPE, folder / _CERTIFICATES
        try:
            if key_file.stat().st_mode & 0o077:
                raise ConfigurationError(
                    "the signing key can be read by others", where=key_file.name, hint="chmod 600 it"
                )
            auth_type = AuthType(type_file.read_text().strip())
            certificates = certificate_file.read_text() if auth_type is AuthType.CERT else ""
            return signer_of(open_key(auth_type, key_file.read_bytes()), auth_type, certificates)
        except InvalidRequest as error:
            raise ConfigurationError(
                f"the signing key does not fit its auth_type: {error.message}", where=type_file.name
            ) from None
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: a password is needed
            raise ConfigurationError(
                f"the signing key cannot be opened: {type(error).__name__}",
                where=key_file.name,
                hint="Run 'interconn node init', or restore the key from a backup",
            ) from None


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read; it is never readable by others, not even for a moment.

    Raises:
        ConfigurationError: the file exists.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            "the file exists already and is not overwritten", where=path.name, hint="Choose another --home"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _made(auth_type: AuthType, certified: Certified | None) -> tuple[LocalSigner, dict[str, bytes]]:
    if auth_type is not AuthType.CERT:
        key = generate(auth_type)
        signer, files = signer_of(key, auth_type), {_KEY: private_pem(key)}
    elif certified is None:
        raise ConfigurationError(
            "CERT needs a private key and its certificate", where="certificate",
            hint="Give both, or have 'interconn node init' make an authority for trying out",
        )  # fmt: skip
    else:
        try:
            signer = read_certified(certified)
        except InvalidRequest as error:
            raise ConfigurationError(error.message, where="certificate", clause=error.clause) from None
        files = {_KEY: certified.private_key, _CERTIFICATES: signer.credential.pem.encode()}
    return signer, {**files, _TYPE: f"{auth_type.value}\n".encode()}


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)
    write_private(partial, content)
    partial.replace(path)
    _flush(path.parent)


def _wipe(path: Path) -> None:
    if path.exists():
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
