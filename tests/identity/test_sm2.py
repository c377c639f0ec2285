"""SM2 against the published example, and against what strangers send (auth_type SM3_SM2)."""

from __future__ import annotations

import base64
import hashlib
import random
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from interconn.identity import sm2
from interconn.identity.credentials import Credential
from interconn.identity.keys import generate, signer_of
from interconn.identity.sm2 import Sm2PrivateKey, Sm2PublicKey
from interconn.standard.errors import BadSignature, ConfigurationError, InvalidRequest
from interconn.standard.management import AuthType
from tests.identity.vectors import VECTORS, credential

pytestmark = pytest.mark.skipif(not sm2.available(), reason="this Python's OpenSSL has no SM2")

ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
# GB/T 32918.5-2017, annex A.2: key, message, identity 1234567812345678, signature.
X = bytes.fromhex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020")
Y = bytes.fromhex("CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
PRIVATE = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
MESSAGE = b"message digest"
PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
PUBLIC = Sm2PublicKey.parse(PREFIX + X + Y) if sm2.available() else None


def test_the_signature_of_the_standard_verifies() -> None:
    assert PUBLIC.verify(encode_dss_signature(R, S), MESSAGE)


def der(r: bytes, s: bytes, *, head: bytes = b"\x30", numbers: bytes = b"\x02", long: bool = False) -> bytes:
    """A signature written as one wants it."""
    inner = b"".join(numbers + bytes([len(part)]) + part for part in (r, s))
    length = b"\x81" + bytes([len(inner)]) if long else bytes([len(inner)])
    return head + length + inner


def number(value: int, *, zeros: int = 1) -> bytes:
    return bytes(zeros) + value.to_bytes(32)  # both numbers of the example begin with a bit that is set


OTHERWISE = {
    "length written long": der(number(R), number(S), long=True),
    "r with a zero too many": der(number(R, zeros=2), number(S)),
    "s with a zero too many": der(number(R), number(S, zeros=2)),
    "r negative": der(number(R, zeros=0), number(S)),
    "s negative": der(number(R), number(S, zeros=0)),
    "r minus": der((-R).to_bytes(33, signed=True), number(S)),
    "length without end": b"\x30\x80" + der(number(R), number(S))[2:] + b"\0\0",
    "a set": der(number(R), number(S), head=b"\x31"),
    "numbers that are bytes": der(number(R), number(S), numbers=b"\x04"),
    "a third number": b"\x30\x49" + der(number(R), number(S))[2:] + b"\x02\x01\x01",
    "r alone": b"\x30\x23" + der(number(R), number(S))[2:37],
    "both of the order": der(number(ORDER), number(ORDER)),
    "empty numbers": b"\x30\x04\x02\x00\x02\x00",
    "in hexadecimal": der(number(R), number(S)).hex().encode(),
}


@pytest.mark.parametrize("signature", OTHERWISE.values(), ids=OTHERWISE)
def test_a_signature_has_one_way_to_be_written(signature: bytes) -> None:
    assert der(number(R), number(S)) == encode_dss_signature(R, S)
    assert not PUBLIC.verify(signature, MESSAGE)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        pytest.param(encode_dss_signature(R, S), b"message digesT", id="another message"),
        pytest.param(encode_dss_signature(S, R), MESSAGE, id="r and s exchanged"),
        pytest.param(encode_dss_signature(R, ORDER - S), MESSAGE, id="negated s"),
        pytest.param(encode_dss_signature(R + ORDER, S), MESSAGE, id="r beyond the order"),
        pytest.param(encode_dss_signature(0, S), MESSAGE, id="r is zero"),
        pytest.param(encode_dss_signature(R, 0), MESSAGE, id="s is zero"),
        pytest.param(encode_dss_signature(R, ORDER - R), MESSAGE, id="r and s add up to the order"),
        pytest.param(R.to_bytes(32) + S.to_bytes(32), MESSAGE, id="bare r and s"),
        pytest.param(encode_dss_signature(R, S) + b"\0", MESSAGE, id="a byte too many"),
        pytest.param(encode_dss_signature(R, S)[:-1], MESSAGE, id="a byte too few"),
        pytest.param(b"", MESSAGE, id="empty"),
        pytest.param(b"\x30" * 10_000, MESSAGE, id="very long"),
    ],
)
def test_what_is_no_signature_does_not_verify(signature: bytes, message: bytes) -> None:
    assert not PUBLIC.verify(signature, message)
    assert PUBLIC.verify(encode_dss_signature(R, S), MESSAGE)  # and leaves nothing behind


def test_the_private_key_of_the_standard_signs_for_its_public_key() -> None:
    # RFC 5915 in PKCS#8, made by hand: the key of the annex.
    inner = bytes.fromhex("30250201010420" + PRIVATE)
    inner = b"\x30" + bytes([len(inner) - 2]) + inner[2:]
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
    content = b"\x02\x01\x00" + algorithm + b"\x04" + bytes([len(inner)]) + inner
    der = b"\x30" + bytes([len(content)]) + content
    pem = b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"
    key = Sm2PrivateKey.parse(pem)
    assert key.public_key() == PUBLIC
    assert PUBLIC.verify(key.sign(MESSAGE), MESSAGE)


def test_each_signature_has_a_random_number_of_its_own() -> None:
    key = generate(AuthType.SM3_SM2)
    assert isinstance(key, Sm2PrivateKey)
    random.seed(1)
    first = decode_dss_signature(key.sign(MESSAGE))
    random.seed(1)
    second = decode_dss_signature(key.sign(MESSAGE))
    assert first[0] != second[0]


def test_generated_keys_survive_their_pem() -> None:
    for _ in range(20):
        key = Sm2PrivateKey.generate()
        again = Sm2PrivateKey.parse(key.pem)
        assert again.public_key() == key.public_key()
        assert key.public_key().verify(again.sign(b"x"), b"x")


def test_threads_do_not_disturb_each_other() -> None:
    key = Sm2PrivateKey.generate()
    public, failed = key.public_key(), []

    def work(number: int) -> None:
        for turn in range(30):
            content = f"{number} {turn}".encode()
            signature = key.sign(content)
            if not public.verify(signature, content) or public.verify(signature, content + b"!"):
                failed.append(content)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize(
    ("der", "said"),
    [
        pytest.param(PREFIX + X + Y[:-1] + b"\0", "on the curve", id="point beside the curve"),
        pytest.param(PREFIX + b"\xff" * 64, "on the curve", id="coordinates beyond the field"),
        pytest.param(PREFIX + bytes(64), "on the curve", id="zero"),
        pytest.param(PREFIX + X + Y + b"\0", "uncompressed", id="a byte too many"),
        pytest.param(PREFIX[:-1] + b"\2" + X, "uncompressed", id="compressed point"),
        pytest.param(PREFIX.replace(b"\x2a\x81\x1c", b"\x2a\x81\x1d") + X + Y, "uncompressed", id="another curve"),
    ],
)
def test_mgt_3_1_what_is_no_sm2_key_is_refused(der: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Credential.parse(AuthType.SM3_SM2, base64.b64encode(der).decode())


@pytest.mark.parametrize("name", ["ecdsa", "rsa"])
def test_keys_of_other_kinds_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="sm2p256v1"):
        Credential.parse(AuthType.SM3_SM2, VECTORS["keys"][name]["public_key"])
    with pytest.raises(InvalidRequest):
        Credential.parse(AuthType.SHA256_ECDSA, credential("sm2").pem)


def test_a_credential_signs_and_verifies_as_the_others_do() -> None:
    signer = signer_of(generate(AuthType.SM3_SM2), AuthType.SM3_SM2)
    assert signer.credential.fingerprint == hashlib.sha256(_der(signer.credential.pem)).hexdigest()
    signer.credential.verify(signer.sign(b"content"), b"content")
    with pytest.raises(BadSignature):
        signer.credential.verify(signer.sign(b"content"), b"contenT")
    assert "PRIVATE" not in repr(signer) and "key" not in repr(signer._key)


def test_a_machine_without_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ConfigurationError("SM3_SM2 is not to be had on this machine: no SM2", hint="Another Python")

    monkeypatch.setattr(sm2, "_library", missing)
    assert not sm2.available()
    with pytest.raises(InvalidRequest, match="not to be had"):
        Credential.parse(AuthType.SM3_SM2, base64.b64encode(PREFIX + X + Y).decode())
    with pytest.raises(ConfigurationError, match="not to be had"):
        generate(AuthType.SM3_SM2)
    monkeypatch.undo()


def _der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.split("\n")[1:-2]))
