"""MGT-2.2-auth-sign: our code, the example of docs/signature.md and openssl agree on the published vectors."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from interconn.identity import sm2
from interconn.identity.signature import KeyProof
from interconn.standard.errors import BadSignature
from interconn.trail.heads import sign_head, sign_receipt
from tests.identity.vectors import DOCUMENTS, VECTORS, credential, reply_of, request_of, signer

pytestmark = pytest.mark.skipif(not sm2.available(), reason="this Python's OpenSSL has no SM2")

REQUESTS = [pytest.param(case, id=f"{case['name']} ({case['key']})") for case in VECTORS["requests"]]
REPLIES = [pytest.param(case, id=f"{case['name']} ({case['key']})") for case in VECTORS["replies"]]
PROOFS = [pytest.param(case, id=case["name"]) for case in VECTORS["key_proofs"]]
KEYS_OF_THE_PAGE = [name for name in VECTORS["keys"] if name != "sm2"]  # which `cryptography` does not read


@pytest.fixture(scope="module")
def page() -> SimpleNamespace:
    """What the Python example of the page defines."""
    text = (DOCUMENTS / "signature.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    defined: dict[str, Any] = {}
    exec(compile(code, "docs/signature.md", "exec"), defined)
    return SimpleNamespace(**defined)


@pytest.mark.parametrize("name", KEYS_OF_THE_PAGE)
def test_fingerprint(name: str, page: SimpleNamespace) -> None:
    expected = VECTORS["keys"][name]["fingerprint"]
    public_key = serialization.load_pem_public_key(VECTORS["keys"][name]["public_key"].encode())
    assert credential(name).fingerprint == expected == page.fingerprint(public_key)


@pytest.mark.parametrize("case", REQUESTS)
def test_request_by_our_code(case: dict[str, Any]) -> None:
    request, key = request_of(case), case["key"]
    assert request.content(credential(key)).decode() == case["canonical"]
    credential(key).verify(case["signature"], case["canonical"].encode())
    if key == "rsa":
        assert request.sign(signer(key)) == case["signature"]


@pytest.mark.parametrize("case", REPLIES)
def test_reply_by_our_code(case: dict[str, Any]) -> None:
    reply, key = reply_of(case), case["key"]
    assert reply.content(credential(key)).decode() == case["canonical"]
    reply.verify(credential(key), case["signature"])
    if key == "rsa":
        assert reply.sign(signer(key)) == case["signature"]


@pytest.mark.parametrize("case", [case for case in REQUESTS if case.values[0]["key"] in KEYS_OF_THE_PAGE])
def test_request_by_the_page(case: dict[str, Any], page: SimpleNamespace) -> None:
    key = VECTORS["keys"][case["key"]]
    private_key = serialization.load_pem_private_key(key["private_key"].encode(), None)
    content = page.request_string(
        key["auth_type"],
        private_key.public_key(),
        case["method"],
        case["target"],
        case["headers"],
        case["body"].encode(),
    )
    assert content.decode() == case["canonical"]
    signature = private_key.sign(content, *page.ARGUMENTS[key["auth_type"]])  # type: ignore[union-attr]
    credential(case["key"]).verify(base64.b64encode(signature).decode(), content)
    if case["key"] == "rsa":
        assert base64.b64encode(signature).decode() == case["signature"]


@pytest.mark.parametrize("case", [case for case in REPLIES if case.values[0]["key"] in KEYS_OF_THE_PAGE])
def test_reply_by_the_page(case: dict[str, Any], page: SimpleNamespace) -> None:
    key, request = VECTORS["keys"][case["key"]], VECTORS["requests"][case["request"]]
    public_key = serialization.load_pem_public_key(key["public_key"].encode())
    content = page.reply_string(
        key["auth_type"],
        public_key,
        case["node_id"],
        request["headers"]["x-source-node-id"],
        request["headers"]["x-nonce"],
        request["method"],
        request["target"],
        request["body"].encode(),
        case["status"],
        case["content_type"],
        case["body"].encode(),
    )
    assert content.decode() == case["canonical"]
    arguments = page.ARGUMENTS[key["auth_type"]]
    public_key.verify(base64.b64decode(case["signature"]), content, *arguments)  # type: ignore[union-attr]
    with pytest.raises(InvalidSignature):
        public_key.verify(base64.b64decode(case["signature"]), content + b"\n", *arguments)  # type: ignore[union-attr]


@pytest.mark.parametrize("case", REQUESTS)
def test_header_lines_are_those_digested(case: dict[str, Any]) -> None:
    assert hashlib.sha256(case["header_lines"].encode()).hexdigest() == case["canonical"].split("\n")[12]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize("case", [case for case in REQUESTS if case.values[0]["key"] != "rsa-pss"])
def test_openssl_verifies(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "node.pub").write_text(VECTORS["keys"][case["key"]]["public_key"])
    (tmp_path / "canonical.txt").write_bytes(case["canonical"].encode())
    (tmp_path / "signature.bin").write_bytes(base64.b64decode(case["signature"]))
    digest = ["-sm3", "-sigopt", "distid:1234567812345678"] if case["key"] == "sm2" else ["-sha256"]
    command = ["openssl", "dgst", *digest, "-verify", "node.pub", "-signature", "signature.bin", "canonical.txt"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "Verified OK" in run.stdout, run.stderr


@pytest.mark.parametrize("case", PROOFS)
def test_mgt_3_4_proof_of_a_new_key(case: dict[str, Any]) -> None:
    proof = KeyProof(
        credential(case["key"]),
        credential(case["signed_with"]).fingerprint,
        case["source"],
        case["target"],
        case["contract_id"],
    )
    assert proof.content().decode() == case["canonical"]
    proof.verify(case["proof"])
    with pytest.raises(BadSignature, match="new key"):
        KeyProof(proof.new, proof.signed_with, proof.source, proof.target, "contract-43").verify(case["proof"])


def signed_of_a_head() -> list[str]:
    """The strings that are signed for the head of an audit trail, and for its receipt."""
    key = signer("ecdsa")
    said: list[bytes] = []

    def sign(content: bytes) -> str:
        said.append(content)
        return key.sign(content)

    noting: Any = SimpleNamespace(credential=key.credential, sign=sign)
    head = sign_head(noting, node_id="bank", number=7, chain="ab" * 32, time=1_767_225_600_000)
    sign_receipt(noting, holder="operator", head=head, received_at=head.time, contradicts=False)
    return [content.decode() for content in said]


def test_the_page_shows_every_string_that_is_signed_with_its_number_of_lines() -> None:
    text = (DOCUMENTS / "signature.md").read_text()
    shown = [block.strip().split("\n") for block in re.findall(r"```\n(INTERCONN-1.*?)```", text, re.DOTALL)]
    signed = [VECTORS[kind][0]["canonical"] for kind in ("requests", "replies", "key_proofs")] + signed_of_a_head()
    assert [len(block) for block in shown] == [len(content.split("\n")) for content in signed]
    assert [block[0].split()[0] for block in shown] == [content.split("\n")[0] for content in signed]
