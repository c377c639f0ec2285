"""The key store: tight modes, no overwriting, clear errors, no secrets shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from interconn.identity.keys import FileKeyStore, write_private
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType

KEY, TYPE = "signing_key.pem", "auth_type"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FileKeyStore(tmp_path / "keys").create(AuthType.SHA256_ECDSA)
    return tmp_path / "keys"


@pytest.mark.parametrize("auth_type", AuthType)
def test_a_key_signs_the_same_after_reopening(auth_type: AuthType, tmp_path: Path) -> None:
    made = FileKeyStore(tmp_path / "keys").create(auth_type)
    opened = FileKeyStore(tmp_path / "keys").load()
    assert opened.credential == made.credential
    assert opened.credential.auth_type is auth_type
    made.credential.verify(opened.sign(b"content"), b"content")


def test_only_the_owner_reads(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileKeyStore(tmp_path / "keys").create(AuthType.SHA256_ECDSA)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / KEY).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_reach_is_not_used(folder: Path, mode: int) -> None:
    (folder / KEY).chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        FileKeyStore(folder).load()


def test_a_key_is_never_overwritten(folder: Path) -> None:
    before = (folder / KEY).read_bytes()
    with pytest.raises(ConfigurationError):
        FileKeyStore(folder).create(AuthType.SHA256_ECDSA)
    assert (folder / KEY).read_bytes() == before


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(ConfigurationError):
        write_private(tmp_path / "link", b"secret")
    assert not (tmp_path / "target").exists()


def private(key: object, password: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    )
    return key.private_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


@pytest.mark.parametrize(
    ("file", "content"),
    [
        pytest.param(KEY, b"", id="empty key"),
        pytest.param(KEY, b"\xff" * 100, id="garbage for a key"),
        pytest.param(KEY, private(ec.generate_private_key(ec.SECP256R1()), b"secret"), id="key under a password"),
        pytest.param(KEY, private(ed25519.Ed25519PrivateKey.generate()), id="key of another kind"),
        pytest.param(KEY, private(ec.generate_private_key(ec.SECP384R1())), id="another curve"),
        pytest.param(TYPE, b"SHA256_RSA\n", id="key that does not fit its auth_type"),
        pytest.param(TYPE, b"MD5\n", id="unknown auth_type"),
        pytest.param(TYPE, b"\xff", id="garbage for an auth_type"),
    ],
)
def test_unusable_files(folder: Path, file: str, content: bytes) -> None:
    (folder / file).write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        FileKeyStore(folder).load()
    assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize("file", [KEY, TYPE])
def test_missing_files(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ConfigurationError):
        FileKeyStore(folder).load()


def test_a_signer_does_not_show_its_key(folder: Path) -> None:
    signer = FileKeyStore(folder).load()
    assert repr(signer) == f"LocalSigner({signer.credential.fingerprint})"
