"""`interconn audit …`: approvals that partners ask of each other (MGT-4, MGT-5, MGT-7, MGT-8, MGT-9)."""

from __future__ import annotations

from cyclopts import App

from interconn.cli.nouns import trail
from interconn.cli.options import Common, KindName, Limited, Reason, StatusName, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

app = App(
    name="audit",
    help="Approvals that partners ask of each other, and the audit trail of every decision.",
    help_epilogue=example("audit list --status APPLIED"),
)


@app.command(name="list", help_epilogue=example("audit list --status APPLIED", "audit list --kind JOB --json"))
def list_(
    *,
    kind: KindName | None = None,
    status: StatusName | None = None,
    subject: str | None = None,
    partner: str | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List approvals: what was asked, by whom, and whom it waits for.

    Parameters
    ----------
    kind
        Only those of this kind.
    status
        Only those in this state.
    subject
        Only those for the data set, project, flow or job of this id.
    partner
        Only those with this node.
    """
    from interconn.api.audits import AuditKind
    from interconn.standard.management import AuditStatus

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.audits.list(
                page=page,
                size=size,
                kind=AuditKind(kind) if kind else None,
                status=AuditStatus(status) if status else None,
                subject_id=subject,
                node_id=partner,
            ),
            "audits",
        )
    pages.show(
        found,
        [
            say("approval"),
            say("kind"),
            say("of"),
            say("partner"),
            say("asked by"),
            say("status"),
            say("waits for"),
            say("reason"),
        ],
        [
            [
                audit.audit_id,
                audit.kind.value.lower(),
                audit.subject_id,
                audit.node_id,
                say("partner") if audit.direction == "PARTNER" else say("us"),
                audit.status.value,
                audit.waits_for,
                say("closed: {why}", why=audit.void) if audit.void else audit.details.get("reason"),
            ]
            for audit in found.audits
        ],
        empty=say("no approvals"),
        json=common.json,
    )


@app.command(help_epilogue=example("audit approve audit-51c9 --times-limit 3 --expires 30d"))
def approve(
    audit_id: str,
    *,
    limits: Limited = Limited(),
    reason: Reason = "",
    common: Common = Common(),
) -> None:
    """Approve what a partner applied for.

    Parameters
    ----------
    audit_id
        Id of the approval, as 'audit list' shows it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.audits.approve(audit_id, time_limit=limits.expires, times_limit=limits.times_limit, reason=reason)
    show_audit(audit, common)


@app.command(help_epilogue=example("audit reject audit-51c9 --reason 'purpose not clear'"))
def reject(audit_id: str, *, reason: Reason = "", common: Common = Common()) -> None:
    """Reject what a partner applied for.

    Parameters
    ----------
    audit_id
        Id of the approval, as 'audit list' shows it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.audits.reject(audit_id, reason=reason)
    show_audit(audit, common)


@app.command(help_epilogue=example("audit terminate audit-51c9 --reason 'the purpose has ended'"))
def terminate(audit_id: str, *, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke an approval that was given, by us or to us; what it allowed is over at once.

    Parameters
    ----------
    audit_id
        Id of the approval, as 'audit list' shows it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.audits.terminate(audit_id, reason=reason)
    show_audit(audit, common)


@app.command(help_epilogue=example("audit show audit-51c9"))
def show(audit_id: str, *, common: Common = Common()) -> None:
    """Show one approval: who has approved, and whose opinion it waits for.

    Parameters
    ----------
    audit_id
        Id of the approval, as 'audit list' shows it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.audits.show(audit_id)
    show_audit(audit, common)


@app.command(help_epilogue=example("audit withdraw audit-51c9"))
def withdraw(audit_id: str, *, common: Common = Common()) -> None:
    """Take back the opinion you gave on what needs two persons, while the second one is missing.

    Parameters
    ----------
    audit_id
        Id of the approval, as 'audit list' shows it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.audits.withdraw(audit_id)
    show_audit(audit, common)


@app.command(help_epilogue=example("audit ask audit-51c9"))
def ask(audit_id: str, *, common: Common = Common()) -> None:
    """Ask the partner how an approval stands there, and compare (MGT-4.6, MGT-5.4, MGT-7.4).

    Parameters
    ----------
    audit_id
        Id of the approval.
    """
    from interconn.cli.output import print_card, print_reply

    with common.node() as node:
        found = node.audits.ask(audit_id)
    if common.json:
        print_reply(found)
        return
    print_card(
        say("approval {audit_id}", audit_id=found.audit_id),
        [(say("here"), found.here.value), (say("there"), found.there.value)],
    )


app.command(help_epilogue=example("audit export --out trail.jsonl", "audit export --since 2026-07-01"))(trail.export)
app.command(help_epilogue=example("audit verify trail.jsonl --against operator.jsonl"))(trail.verify)
app.command(help_epilogue=example("audit query trail.jsonl --subject dataset:loans --action 'dataset.*'"))(trail.query)
app.command(help_epilogue=example("audit heads"))(trail.heads)
app.command(help_epilogue=example("audit settle operator --reason 'restored its backup of 1 July'"))(trail.settle)
