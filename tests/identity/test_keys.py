"""The key store: tight modes, no overwriting, clear errors, no secrets shown."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from interconn.identity.certificates import certify_key, create_authority, create_signing_certificate
from interconn.identity.key_files import FileKeyStore, write_private
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import Certified
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType

KEY, TYPE = "signing_key.pem", "auth_type"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FileKeyStore(tmp_path / "keys").create(AuthType.SHA256_ECDSA)
    return tmp_path / "keys"


@pytest.mark.parametrize("auth_type", AuthType)
def test_a_key_signs_the_same_after_reopening(auth_type: AuthType, tmp_path: Path) -> None:
    certified = create_signing_certificate("bank", create_authority("a")) if auth_type is AuthType.CERT else None
    made = FileKeyStore(tmp_path / "keys").create(auth_type, certified)
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


# --- several keys -----------------------------------------------------------------------------------------


def test_another_key_lies_beside_until_it_is_promoted_and_the_first_erased(folder: Path) -> None:
    store = FileKeyStore(folder)
    first = store.load()
    second = store.add(AuthType.SHA256_RSA)
    assert set(store.all()) == {first.credential.fingerprint, second.credential.fingerprint}
    assert FileKeyStore(folder).load().credential == first.credential
    store.promote(second.credential.fingerprint)
    assert FileKeyStore(folder).load().credential == second.credential
    store.erase(first.credential.fingerprint)
    store.erase(first.credential.fingerprint)
    assert list(store.all()) == [second.credential.fingerprint]
    assert not (folder / KEY).exists()
    second.credential.verify(FileKeyStore(folder).load().sign(b"content"), b"content")


def test_the_key_that_the_node_signs_with_comes_first(folder: Path) -> None:
    store = FileKeyStore(folder)
    current = store.load().credential.fingerprint
    for _ in range(4):
        added = store.add(AuthType.SHA256_ECDSA).credential.fingerprint
        assert KeyRing(store).newest.credential.fingerprint == next(iter(store.all())) == current
        store.promote(added)
        assert KeyRing(store).newest.credential.fingerprint == next(iter(store.all())) == added
        current = added


@pytest.mark.parametrize("what", ["no store at all", "no key to sign with"])
def test_a_ring_takes_no_other_key_for_the_one_that_is_missing(folder: Path, what: str) -> None:
    if what == "no store at all":
        shutil.rmtree(folder)
    else:
        store = FileKeyStore(folder)
        promoted = store.add(AuthType.SHA256_ECDSA).credential.fingerprint
        store.promote(promoted)
        shutil.rmtree(folder / promoted)
    with pytest.raises(ConfigurationError, match="the signing key cannot be opened"):
        KeyRing(FileKeyStore(folder))


def test_a_key_that_was_added_is_as_tight_as_the_first(folder: Path) -> None:
    before = os.umask(0)
    try:
        added = FileKeyStore(folder).add(AuthType.SHA256_ECDSA).credential.fingerprint
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / added).stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / added / KEY).stat().st_mode) == 0o600


def test_the_key_that_the_node_signs_with_is_not_erased(folder: Path) -> None:
    store = FileKeyStore(folder)
    with pytest.raises(ConfigurationError, match="signs with"):
        store.erase(store.load().credential.fingerprint)
    assert store.load()


def test_what_an_interrupted_step_left_behind_is_no_key(folder: Path) -> None:
    store = FileKeyStore(folder)
    added = store.add(AuthType.SHA256_ECDSA).credential.fingerprint
    (folder / added).rename(folder / f"{added}.partial")  # an erasure that died right then
    assert list(store.all()) == [store.load().credential.fingerprint]
    again = store.add(AuthType.SHA256_ECDSA).credential.fingerprint
    assert not (folder / f"{added}.partial").exists()
    assert again in store.all()


def test_a_key_that_is_not_there_is_not_promoted(folder: Path) -> None:
    store = FileKeyStore(folder)
    with pytest.raises(ConfigurationError):
        store.promote("0" * 64)
    assert FileKeyStore(folder).load()


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    authority = create_authority("a")
    one, other = (create_signing_certificate("bank", authority) for _ in range(2))
    with pytest.raises(ConfigurationError, match="not that of the private key"):
        FileKeyStore(tmp_path / "keys").create(AuthType.CERT, Certified(one.private_key, other.certificates))
    assert not (tmp_path / "keys").exists()


def test_cert_without_a_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="certificate"):
        FileKeyStore(tmp_path / "keys").create(AuthType.CERT)


def test_a_certificate_is_renewed_for_the_same_key_alone(tmp_path: Path) -> None:
    authority = create_authority("a")
    store = FileKeyStore(tmp_path / "keys")
    made = store.create(AuthType.CERT, create_signing_certificate("bank", authority))
    renewed = certify_key("bank", made.credential.chain[0].public_key(), authority).decode()
    assert store.certify(made.credential.fingerprint, renewed).credential.pem == renewed
    assert store.load().credential.fingerprint == made.credential.fingerprint
    stranger = create_signing_certificate("bank", authority).certificates.decode()
    with pytest.raises(ConfigurationError, match="not that of the private key"):
        store.certify(made.credential.fingerprint, stranger)
    assert store.load().credential.pem == renewed


def test_a_signing_request_names_the_node_and_is_signed_by_its_key(folder: Path) -> None:
    request = x509.load_pem_x509_csr(FileKeyStore(folder).request("bank"))
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:interconn:node:bank"]
    assert request.is_signature_valid
