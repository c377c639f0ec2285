"""`interconn dataset request | grant | revoke`: the use of a data set by a partner (MGT-4.3 to MGT-4.5)."""

from __future__ import annotations

from typing import Annotated

from interconn.cli.instants import End
from interconn.cli.options import Common, Limited, Several


def request(
    node_id: str,
    dataset_id: str,
    *,
    for_project: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    for_component: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    time_limit: End = None,
    times_limit: int | None = None,
    common: Common = Common(),
) -> None:
    """Apply for a grant of a partner's data set (MGT-4.3).

    Parameters
    ----------
    node_id
        Id of the partner's node.
    dataset_id
        Id of the data set.
    for_project
        Use it in this project only.
    for_component
        Use it with this component only.
    time_limit
        When the grant is to end: 2026-12-31, or 30d, 12h, 45m from now.
    times_limit
        How many jobs are to use it.
    """
    from interconn.cli.decision import show_audit
    from interconn.standard.management import AuthScope

    scope = AuthScope(PROJECT=for_project or None, COMPONENT=for_component or None)
    with common.node() as node:
        audit = node.datasets.request(
            node_id,
            dataset_id,
            scope=scope if for_project or for_component else None,
            time_limit=time_limit,
            times_limit=times_limit,
        )
    show_audit(audit, common)


def grant(
    dataset_id: str,
    *,
    applicant: str | None = None,
    limits: Limited = Limited(),
    common: Common = Common(),
) -> None:
    """Grant a partner the use of a data set that it applied for (MGT-4.4).

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    applicant
        Node whose application is approved; needed where several applied.
    """
    from interconn.cli.decision import approve_subject

    approve_subject(
        "DATASET",
        dataset_id,
        applicant=applicant,
        common=common,
        limits=limits,
    )


def revoke(dataset_id: str, *, partner: str | None = None, reason: str = "", common: Common = Common()) -> None:
    """Revoke the use of a data set, given by this node or to it (MGT-4.5).

    Permits given with it are void at once; a job that reads the data stops at its next task.

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    partner
        Only the approval with that node; without it, those with all.
    reason
        Kept in the audit trail.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("DATASET", dataset_id, partner=partner, reason=reason, common=common)
