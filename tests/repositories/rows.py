"""Rows as the layers write them, with names that languages order and fold each in their own way."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from interconn.management.approvals.tables import Audit
from interconn.management.contracts.tables import Contract
from interconn.management.permits.tables import Grant, Permit
from interconn.standard.management import AuditStatus, AuthType
from tests.management.conftest import START

IDS = tuple(sorted(("10", "2", "-a", "A", "B", "Z", "_", "_a", "a", "a-", "a.b", "aB", "b", "z")))
"""In the order of their code points."""
NAMES = ("50 %", "50 x", "A_b", "ACB", "aéb", "AÉB", "名单一")


@cache
def _key() -> str:
    """A key of a partner; any does, as nothing is signed."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def contract(node_id: str, number: int | None = None, **members: Any) -> Contract:
    """A contract in force, unless the members say otherwise."""
    return Contract(
        **{
            "number": number,
            "contract_id": f"contract-{node_id}",
            "node_id": node_id,
            "inst_id": f"inst-{node_id}",
            "address": f"https://{node_id}.example:7304",
            "direction": "PARTNER",
            "status": AuditStatus.APPROVED.value,
            "auth_type": AuthType.SHA256_ECDSA.value,
            "auth_credential": _key(),
            "key_proven": True,
            "key_compared": True,
            "trace_id": "trace",
            "applied_at": START,
            **members,
        }
    )


def audit(number: int, **members: Any) -> Audit:
    """An approval that bank has of this node, unless the members say otherwise."""
    return Audit(
        **{
            "number": number,
            "audit_id": f"audit-{number}",
            "node_id": "bank",
            "kind": "DATASET",
            "subject_id": f"data-{number}",
            "direction": "PARTNER",
            "status": AuditStatus.APPROVED.value,
            "content": {"contract_id": "contract-bank"},
            "content_digest": "",
            "trace_id": "trace",
            "applied_at": START,
            **members,
        }
    )


def grant(number: int, **members: Any) -> Grant:
    """What was granted by the audit of the same number."""
    return Grant(
        **{
            "grant_id": number,
            "audit_number": number,
            "contract_id": "contract-bank",
            "token_digest": f"digest-{number}",
            "resource_type": "DATASET",
            "resource_id": f"data-{number}",
            "resource_level": 1,
            "user_node_id": "bank",
            "user_inst_id": "inst-bank",
            "auth_scope": {},
            **members,
        }
    )


def permit(number: int, **members: Any) -> Permit:
    """What came with the confirm of the audit of the same number."""
    return Permit(
        **{
            "audit_number": number,
            "holder_node_id": "bank",
            "holder_inst_id": "inst-bank",
            "token": f"token-{number}",
            "resource_type": "DATASET",
            "resource_id": f"data-{number}",
            "resource_level": 1,
            **members,
        }
    )
