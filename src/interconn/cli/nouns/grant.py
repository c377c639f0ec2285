"""`interconn grant …`: what this node granted to partners (MGT-2.2-mprac-custody)."""

from __future__ import annotations

from cyclopts import App

from interconn.cli.options import Common, KindName, Reason, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

app = App(name="grant", help="What this node granted to partners.", help_epilogue=example("grant list"))


@app.command(name="list", help_epilogue=example("grant list --partner bank --kind DATASET"))
def list_(
    *,
    partner: str | None = None,
    kind: KindName | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List grants: for what, to whom, within which limits, how often used, and whether in force.

    Parameters
    ----------
    partner
        Only those to this node.
    kind
        Only those for this kind of resource.
    """
    from interconn.api.audits import AuditKind
    from interconn.cli.output import instant

    wanted = AuditKind(kind) if kind else None
    with common.node() as node:
        found = pages.read(
            lambda page, size: node.grants.list(page=page, size=size, node_id=partner, kind=wanted), "grants"
        )
    pages.show(
        found,
        [
            say("for"),
            say("kind"),
            say("level"),
            say("user"),
            say("expires"),
            say("jobs so far"),
            say("left"),
            say("covers"),
            say("standing"),
            say("approval"),
        ],
        [
            [
                grant.resource_id,
                grant.kind.value.lower(),
                grant.resource_level,
                grant.node_id,
                instant(grant.time_limit),
                grant.uses,
                grant.uses_left,
                grant.covers,
                grant.standing.value,
                grant.audit_id,
            ]
            for grant in found.grants
        ],
        empty=say("nothing is granted yet"),
        json=common.json,
    )


@app.command(help_epilogue=example("grant revoke audit-51c9 --reason 'project is over'"))
def revoke(audit_id: str, *, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke a grant at once: its approval ends on both sides, and its permit is void.

    Parameters
    ----------
    audit_id
        Id of the approval that granted it, as 'grant list' shows it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.grants.revoke(audit_id, reason=reason)
    show_audit(audit, common)
