"""The trail through changes of keys: each entry and each head verifies with the key of its time (MGT-3.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interconn.api.audits import DATASET_REQUEST
from interconn.api.keys import KEY_ROTATE
from interconn.identity import sm2
from interconn.identity.certificates import create_authority, create_signing_certificate
from interconn.identity.credentials import Credential
from interconn.identity.keys import Signer, generate, read_certified, signer_of
from interconn.identity.signature import SignedRequest
from interconn.management import ChangeRules
from interconn.standard import headers as names
from interconn.standard.errors import BadSignature
from interconn.standard.management import AuthType
from interconn.trail import evidence
from interconn.trail.verification import held, verify
from tests.management.conftest import Scene
from tests.management.trail_exports import export, in_order

SM2 = pytest.param("SM3_SM2", marks=pytest.mark.skipif(not sm2.available(), reason="this OpenSSL has no SM2"))


@pytest.mark.parametrize("auth_type", ["SHA256_ECDSA", "SHA256_RSA_PSS", SM2])
async def test_mgt_3_4_a_key_changes_in_the_middle_of_a_session(scene: Scene, tmp_path: Path, auth_type: str) -> None:
    before = scene.bank.credential.fingerprint
    for partner in (scene.operator, scene.clearing):
        partner.rules = ChangeRules(changed_auth_type="accept")
        await partner.restart()
    await scene.grant()
    await scene.bank.trail_keeping.exchange.give_all()
    await scene.bank.ask(KEY_ROTATE, auth_type=auth_type)
    await scene.network.settle()
    after = scene.bank.credential.fingerprint
    await scene.bank.ask(DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    for node in (scene.bank, scene.operator):
        await node.trail_keeping.exchange.give_all()
    theirs = await export(scene.operator, tmp_path / "operator.jsonl")
    ours = await export(scene.bank, tmp_path / "bank.jsonl")
    report = in_order(verify(theirs, held(ours)))
    assert list(report.partner_keys["bank"]) == [before, after]
    assert set(in_order(verify(ours, held(theirs))).own_keys) >= {before, after}
    used = [
        entry.evidence["fingerprint"] for entry in await scene.operator.trail() if entry.action == "dataset.receive"
    ]
    assert used == [before, after]


def signers() -> dict[str, Any]:
    def certified() -> Signer:
        return read_certified(create_signing_certificate("bank", create_authority("Test authority")))

    plain = {
        kind: (lambda kind=kind: signer_of(generate(kind), kind)) for kind in AuthType if kind is not AuthType.CERT
    }
    return plain | {AuthType.CERT: certified}


@pytest.mark.parametrize("auth_type", list(AuthType))
def test_the_proof_of_every_auth_type_is_checked_from_the_entry_alone(auth_type: AuthType) -> None:
    if auth_type is AuthType.SM3_SM2 and not sm2.available():
        pytest.skip("this OpenSSL has no SM2")
    signer = signers()[auth_type]()
    headers = {names.SOURCE_NODE_ID: "bank", names.TARGET_NODE_ID: "operator"}
    request = SignedRequest("POST", "/v1/interconn/dataset/audit/apply", headers, b'{"audit_id":"audit-1"}')
    headers[names.AUTH_SIGN] = request.sign(signer)
    kept = evidence.kept(request.verify(signer.credential))
    entry = {"actor": "node:bank", "request_digest": request.body_digest, "evidence": kept}
    assert evidence.check(entry, node_id="operator") == ("bank", signer.credential.fingerprint)
    assert Credential.parse(auth_type, kept["credential"]).pem == kept["credential"]
    for wrong in ({"signed": kept["signed"] + "0"}, {"body": '{"audit_id":"audit-2"}'}, {"fingerprint": "0" * 64}):
        with pytest.raises(BadSignature):
            evidence.check(entry | {"evidence": kept | wrong}, node_id="operator")
    for told in ({"actor": "node:clearing"}, {"request_digest": "0" * 64}):
        with pytest.raises(BadSignature):
            evidence.check(entry | told, node_id="operator")
    with pytest.raises(BadSignature):
        evidence.check(entry, node_id="clearing")
