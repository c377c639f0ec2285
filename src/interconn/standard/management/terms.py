"""Words that all management calls share: states, ways of signing, kinds, paging (MGT-2, MGT-4 to MGT-9)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from interconn.standard.wire import Int32, WireModel

# What a stranger writes is shown in terminals and logs: nothing that moves the cursor or turns the writing around.
_MISLEADING = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"
_MISLEADS = re.compile(f"[{_MISLEADING}]")


def _plain(text: str) -> str:
    if _MISLEADS.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _one_line(text: str) -> str:
    if any(letter in text for letter in "\t\n\r"):
        raise ValueError("a name has one line and no tabs")
    return _plain(text)


# The patterns are for those who read the OpenAPI documents; our own words above tell a person more.
Text = Annotated[
    str, Field(max_length=4096, json_schema_extra={"pattern": f"^[^{_MISLEADING}]*$"}), AfterValidator(_plain)
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=256, json_schema_extra={"pattern": rf"^[^\t\n\r{_MISLEADING}]*$"}),
    AfterValidator(_one_line),
]


class AuditStatus(StrEnum):
    """State of a contract or of an audit (MGT-3-contract-state, MGT-4-dataset-audit-state and the others)."""

    APPLIED = "APPLIED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    TERMINATED = "TERMINATED"


class Verdict(StrEnum):
    """What a confirm call may say."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class AuthType(StrEnum):
    """Ways of signing (MGT-3.4, resolution 18); SM3_SM2 and SHA256_RSA_PSS are our marked extensions."""

    SHA256_RSA = "SHA256_RSA"
    SHA256_ECDSA = "SHA256_ECDSA"
    CERT = "CERT"
    SM3_SM2 = "SM3_SM2"
    SHA256_RSA_PSS = "SHA256_RSA_PSS"


class ProjectType(StrEnum):
    """Kind of a project (MGT-5.1)."""

    HETERO_FL = "HETERO_FL"
    MPC = "MPC"
    HOMO_FL = "HOMO_FL"
    PSI = "PSI"
    ANONYM_FL = "ANONYM_FL"


class Distribution(StrEnum):
    """Distribution of a column (MGT-4.1)."""

    DISCRETE = "DISCRETE"
    CONTINUOUS = "CONTINUOUS"


class StatusReply(WireModel):
    """`status`, as the queries answer it."""

    status: AuditStatus


class Paging(WireModel):
    """Paging of lists: page_size -1 asks for all (MGT-2.3-paging)."""

    page_num: int = Field(default=1, ge=1, lt=2**31)
    page_size: Int32 = Field(default=20)

    @model_validator(mode="after")
    def _size(self) -> Paging:
        if self.page_size != -1 and self.page_size < 1:
            raise ValueError("page_size must be positive, or -1 for all")
        return self
