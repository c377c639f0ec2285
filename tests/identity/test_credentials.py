"""Credentials as strangers send them (MGT-3.1), and fingerprints as people compare them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from interconn.identity.certificates import create_authority
from interconn.identity.credentials import Credential, require_fingerprint
from interconn.identity.keys import private_pem
from interconn.standard.errors import BadSignature, InvalidRequest
from interconn.standard.management import AuthType
from tests.identity.vectors import VECTORS, credential

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
EC, RSA, PSS = AuthType.SHA256_ECDSA, AuthType.SHA256_RSA, AuthType.SHA256_RSA_PSS


def pem(key: PublicKeyTypes) -> str:
    return key.public_bytes(PEM, SPKI).decode()


def rsa_key(modulus_bits: int, exponent: int) -> str:
    # Any odd modulus will do: it is refused or taken before anything is verified with it.
    return pem(rsa.RSAPublicNumbers(exponent, (1 << (modulus_bits - 1)) | 1).public_key())


@pytest.mark.parametrize("name", ["rsa", "ecdsa", "rsa-pss"])
def test_mgt_3_1_pem_and_bare_base64_are_one_credential(name: str) -> None:
    expected = credential(name)
    der = serialization.load_pem_public_key(expected.pem.encode()).public_bytes(DER, SPKI)
    bare = base64.b64encode(der).decode()
    wrapped = "\n".join(bare[start : start + 64] for start in range(0, len(bare), 64))
    for text in (expected.pem, expected.pem.replace("\n", "\r\n"), f"  {expected.pem}", bare, wrapped):
        assert Credential.parse(expected.auth_type, text) == expected
    assert expected.fingerprint == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize(
    ("auth_type", "text", "said"),
    [
        pytest.param(RSA, rsa_key(1024, 65537), "2048", id="weak RSA key"),
        pytest.param(PSS, rsa_key(2040, 65537), "2048", id="nearly strong RSA key"),
        pytest.param(RSA, rsa_key(16384, 65537), "8192", id="RSA key that is dear to use"),
        pytest.param(RSA, rsa_key(2048, 3), "exponent", id="small exponent"),
        pytest.param(RSA, rsa_key(3072, (1 << 33) | 1), "exponent", id="large exponent"),
        pytest.param(EC, pem(ec.generate_private_key(ec.SECP384R1()).public_key()), "P-256", id="wrong curve"),
        pytest.param(EC, pem(ec.generate_private_key(ec.SECP256K1()).public_key()), "P-256", id="curve of coins"),
        pytest.param(EC, VECTORS["keys"]["rsa"]["public_key"], "P-256", id="RSA key for ECDSA"),
        pytest.param(RSA, VECTORS["keys"]["ecdsa"]["public_key"], "RSA", id="EC key for RSA"),
        pytest.param(PSS, VECTORS["keys"]["ecdsa"]["public_key"], "RSA", id="EC key for PSS"),
        pytest.param(EC, pem(ed25519.Ed25519PrivateKey.generate().public_key()), "known", id="Ed25519 key"),
        pytest.param(RSA, pem(dsa.generate_private_key(2048).public_key()), "known", id="DSA key"),
        pytest.param(EC, create_authority("a").certificate.decode(), "neither", id="certificate instead of a key"),
        pytest.param(
            EC, private_pem(ec.generate_private_key(ec.SECP256R1())).decode(), "neither", id="private key sent"
        ),
        pytest.param(EC, "", "neither", id="empty"),
        pytest.param(EC, "ü" * 100, "neither", id="not ASCII"),
        pytest.param(EC, "\x00", "neither", id="NUL"),
        pytest.param(EC, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "neither", id="PEM of nothing"),
        pytest.param(EC, "-----BEGIN PUBLIC KEY-----", "neither", id="PEM cut off"),
        pytest.param(EC, base64.b64encode(b"0\x80" + bytes(200)).decode(), "neither", id="broken DER"),
        pytest.param(EC, "A" * 16384, "neither", id="long garbage"),
        pytest.param(EC, "\ud800", "neither", id="half a surrogate pair"),
    ],
)
def test_mgt_3_1_unfit_credential(auth_type: AuthType, text: str, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Credential.parse(auth_type, text)
    assert said in caught.value.message
    assert (caught.value.where, caught.value.clause) == ("auth_credential", "MGT-3.1")


def test_a_key_on_an_unknown_curve() -> None:
    key = bytearray(base64.b64decode("".join(VECTORS["keys"]["ecdsa"]["public_key"].split("\n")[1:-2])))
    place = bytes(key).index(bytes.fromhex("2a8648ce3d030107"))
    key[place + 7] = 0x7F
    with pytest.raises(InvalidRequest):
        Credential.parse(EC, base64.b64encode(bytes(key)).decode())


@pytest.mark.parametrize("written", [str.upper, lambda f: f"SHA256:{f}", lambda f: f" sha256: {f}\n", str])
def test_fingerprints_as_people_write_them(written: object) -> None:
    fingerprint = credential("rsa").fingerprint
    require_fingerprint(written(fingerprint), credential("rsa"))  # type: ignore[operator]
    colons = ":".join(fingerprint[place : place + 2] for place in range(0, 64, 2))
    require_fingerprint(written(colons), credential("rsa"))  # type: ignore[operator]


@pytest.mark.parametrize("given", ["", ":", "SHA256:", "0" * 64, credential("ecdsa").fingerprint, "é" * 64, "١" * 64])
def test_another_fingerprint(given: str) -> None:
    with pytest.raises(BadSignature):
        require_fingerprint(given, credential("rsa"))


def test_part_of_a_fingerprint_is_not_enough() -> None:
    with pytest.raises(BadSignature):
        require_fingerprint(credential("rsa").fingerprint[:-1], credential("rsa"))
