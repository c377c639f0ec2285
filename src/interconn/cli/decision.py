"""Approving by the name a person knows: the id of a data set, project, flow or job, instead of its audit's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.audits import AuditKind, AuditView
    from interconn.cli.options import Common, Limited
    from interconn.client import NodeClient


def approve_subject(
    kind: str,
    subject: str,
    *,
    applicant: str | None,
    common: Common,
    limits: Limited,
    grant_datasets: bool = False,
) -> None:
    """Approve the one pending application of a kind for a subject, and show it.

    Args:
        kind: DATASET, PROJECT, FLOW, JOB or MODEL.
        subject: id of the thing, or of the audit.
        applicant: node that applied; needed where several did.
        common: which node is asked.
        limits: within which it is approved.
        grant_datasets: grant the data sets that a project names along with it.
    """
    with common.node() as node:
        pending = _pending(node, kind, subject, applicant)
        decided = node.audits.approve(
            pending.audit_id,
            time_limit=limits.expires,
            times_limit=limits.times_limit,
            grant_datasets=grant_datasets,
        )
    show_audit(decided, common)


def reject_subject(kind: str, subject: str, *, applicant: str | None, reason: str, common: Common) -> None:
    """Reject the one pending application of a kind for a subject, and show it; arguments as for `approve_subject`."""
    with common.node() as node:
        decided = node.audits.reject(_pending(node, kind, subject, applicant).audit_id, reason=reason)
    show_audit(decided, common)


def _pending(node: NodeClient, kind: str, subject: str, applicant: str | None) -> AuditView:
    """Return the one application that waits for our verdict.

    Raises:
        NotFound, Refused: there is none, or more than one.
    """
    from interconn.api.audits import AuditKind
    from interconn.standard.errors import NotFound, Refused
    from interconn.standard.management import AuditStatus

    named = [
        audit
        for audit in _named(node, AuditKind(kind), subject)
        if audit.direction == "PARTNER" and applicant in (None, audit.node_id)
    ]
    found = [audit for audit in named if audit.status is AuditStatus.APPLIED]
    if named and not found:
        raise Refused(
            say("the application of {node} is {status} already", node=named[-1].node_id, status=named[-1].status),
            where=subject,
            hint=say("'interconn audit list' shows all approvals"),
        )
    if not found:
        raise NotFound(
            say("nobody's application for it waits here"),
            where=subject,
            hint=say("'interconn audit list' shows what does"),
        )
    if len(found) > 1:
        nodes = sorted({audit.node_id for audit in found})
        if len(nodes) == 1:  # one that applied more than once, say for other limits
            raise Refused(
                say("{node} applied for it {times} times", node=nodes[0], times=len(found)),
                where=subject,
                hint=say("Name the approval instead: {audits}", audits=", ".join(a.audit_id for a in found)),
            )
        raise Refused(
            say("several applied for it: {nodes}", nodes=", ".join(nodes)),
            where=subject,
            hint=say("Say whose application you mean with --partner"),
        )
    return found[0]


def revoke_subject(kind: str, subject: str, *, partner: str | None, reason: str, common: Common) -> None:
    """Revoke the approvals in force of a kind for a subject, given by this node or to it, and show them.

    Args:
        kind: DATASET, PROJECT, FLOW, JOB or MODEL.
        subject: id of the thing, or of the audit.
        partner: the other side; without it the approvals with all partners are revoked.
        reason: for the audit trail.
        common: which node is asked.
    """
    from interconn.api.audits import AuditKind, AuditViews
    from interconn.cli.output import print_reply
    from interconn.standard.errors import NotFound
    from interconn.standard.management import AuditStatus

    with common.node() as node:
        found = [
            audit
            for audit in _named(node, AuditKind(kind), subject)
            if audit.status is AuditStatus.APPROVED and partner in (None, audit.node_id)
        ]
        if not found:
            raise NotFound(
                say("no approval of it is in force"),
                where=subject,
                hint=say("'interconn audit list --status APPROVED' shows those that are"),
            )
        revoked = [node.audits.terminate(audit.audit_id, reason=reason) for audit in found]
    if common.json:
        print_reply(AuditViews(audits=revoked, total=len(revoked)))
        return
    for audit in revoked:
        show_audit(audit, common)


def _named(node: NodeClient, kind: AuditKind, subject: str) -> list[AuditView]:
    """Return the approvals of a kind that a person may mean: those of a thing, or the one of that id."""
    by_subject = node.audits.list(kind=kind, subject_id=subject).audits
    found = by_subject or node.audits.list(kind=kind, audit_id=subject).audits
    return [audit for audit in found if subject in (audit.subject_id, audit.audit_id)]


def show_audit(audit: AuditView, common: Common) -> None:
    """Show one approval."""
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(audit)
        return
    print_card(
        say("{kind} {subject}", kind=audit.kind.value.lower(), subject=audit.subject_id),
        [
            (say("approval"), audit.audit_id),
            (say("status"), audit.status.value),
            (say("asked by"), audit.node_id if audit.direction == "PARTNER" else say("this node")),
            (say("asked of"), say("this node") if audit.direction == "PARTNER" else audit.node_id),
            (say("waits for"), audit.waits_for),
            (say("closed"), audit.void),
            (say("approved so far by"), [] if audit.decided_by else [opinion.by for opinion in audit.opinions]),
            (say("reason"), audit.details.get("reason")),
            (
                say("permit given") if audit.direction == "PARTNER" else say("permit held"),
                audit.has_permit if audit.status != "TERMINATED" else None,
            ),
            (say("applied"), instant(audit.applied_at)),
            (say("decided"), instant(audit.decided_at)),
            (say("by"), audit.decided_by),
            (say("policy"), audit.policy[:16]),
        ],
    )
