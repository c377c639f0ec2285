"""Nodes and the contracts between them (MGT-3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from interconn.standard.identifiers import Identifier
from interconn.standard.management.terms import AuthType, Name, Text, Verdict
from interconn.standard.wire import Int64, WireModel


class ContractApply(WireModel):
    """Application for cooperation: the applicant's node data and credential (MGT-3.1)."""

    address: Annotated[str, Field(min_length=1, max_length=512)]
    auth_credential: Annotated[str, Field(min_length=1, max_length=16384)]
    auth_type: AuthType
    description: Text | None = None
    expired_time: Int64 | None = Field(default=None, ge=0)
    inst_id: Identifier
    institution: Name
    name: Name
    node_id: Identifier
    system: Name
    system_version: Name


class ContractApplied(WireModel):
    """Reply to an application: the id that the partner gave the new contract."""

    contract_id: Identifier


class ContractConfirm(WireModel):
    """The partner's verdict on an application (MGT-3.2)."""

    contract_id: Identifier
    status: Verdict
    auth_credential: Annotated[str, Field(max_length=16384)] | None = None
    auth_type: AuthType | None = None
    expired_time: Int64 | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _complete(self) -> ContractConfirm:
        if self.status is Verdict.APPROVED and not (self.auth_credential and self.auth_type):
            raise ValueError("auth_credential and auth_type are required with status APPROVED")
        return self


class NodeUpdate(WireModel):
    """What a partner is told when the sender's node data or credential change; either side sends it (MGT-3.4)."""

    contract_id: Identifier
    address: Annotated[str, Field(min_length=1, max_length=512)]
    auth_credential: Annotated[str, Field(min_length=1, max_length=16384)]
    auth_type: AuthType
    description: Text | None = None
    inst_id: Identifier
    institution: Name
    name: Name
    system: Name
    system_version: Name


class ContractReference(WireModel):
    """A contract by its id."""

    contract_id: Identifier


class NodeQuery(WireModel):
    """A node by its id (MGT-3.6)."""

    node_id: Identifier


class NodeInformation(WireModel):
    """What a node says of itself (MGT-3.6, MGT-5.6-node)."""

    address: str
    description: Text | None = None
    inst_id: Identifier
    institution: Name
    name: Name
    node_id: Identifier
    system: Name
    system_version: Name


class Health(WireModel):
    """Health of a node; the literal ok (MGT-3.7)."""

    status: str
