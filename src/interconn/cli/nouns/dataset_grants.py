"""`interconn dataset request | grant | reject | revoke`: the use of a data set by a partner (MGT-4.3 to MGT-4.5)."""

from __future__ import annotations

from typing import Annotated

from interconn.cli.instants import End
from interconn.cli.options import Applicant, Common, Limited, OtherSide, Reason, Several


def request(
    partner: str,
    dataset_id: str,
    *,
    for_project: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    for_component: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    expires: End = None,
    times_limit: int | None = None,
    common: Common = Common(),
) -> None:
    """Apply for a grant of a partner's data set (MGT-4.3).

    Parameters
    ----------
    partner
        Id of the partner's node.
    dataset_id
        Id of the data set.
    for_project
        Use it in this project only.
    for_component
        Use it with this component only.
    expires
        When the grant is to end: 2026-12-31, or 30d, 12h, 45m from now.
    times_limit
        How many jobs are to use it.
    """
    from interconn.cli.decision import show_audit
    from interconn.standard.management import AuthScope

    scope = AuthScope(PROJECT=for_project or None, COMPONENT=for_component or None)
    with common.node() as node:
        audit = node.datasets.request(
            partner,
            dataset_id,
            scope=scope if for_project or for_component else None,
            time_limit=expires,
            times_limit=times_limit,
        )
    show_audit(audit, common)


def grant(
    dataset_id: str,
    *,
    applicant: Applicant = None,
    limits: Limited = Limited(),
    common: Common = Common(),
) -> None:
    """Grant a partner the use of a data set that it applied for (MGT-4.4).

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    """
    from interconn.cli.decision import approve_subject

    approve_subject("DATASET", dataset_id, applicant=applicant, limits=limits, common=common)


def reject(dataset_id: str, *, applicant: Applicant = None, reason: Reason = "", common: Common = Common()) -> None:
    """Reject what a partner applied for (MGT-4.4).

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    """
    from interconn.cli.decision import reject_subject

    reject_subject("DATASET", dataset_id, applicant=applicant, reason=reason, common=common)


def revoke(dataset_id: str, *, partner: OtherSide = None, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke the use of a data set, given by this node or to it (MGT-4.5).

    Permits given with it are void at once; a job that reads the data stops at its next task.

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("DATASET", dataset_id, partner=partner, reason=reason, common=common)
