"""The roles that a node's own people hold, after the duties that an institution keeps apart."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do; one person may hold several."""

    ADMIN = "admin"
    OPERATOR = "operator"
    DATA_OWNER = "data_owner"
    APPROVER = "approver"
    AUDITOR = "auditor"


MEANING = {
    Role.ADMIN: "manages people, tokens, keys and contracts; does not decide on the use of data",
    Role.OPERATOR: "applies, requests, creates, proposes, runs and stops",
    Role.DATA_OWNER: "takes in, publishes and hides data sets, and decides on the use of data sets and models",
    Role.APPROVER: "decides on contracts, projects, flows and jobs",
    Role.AUDITOR: "sees everything, the audit trail included, and changes nothing",
}
