"""`interconn permit …`: the permits that partners gave this node (MGT-2.2-permit)."""

from __future__ import annotations

from cyclopts import App

from interconn.cli.options import Common, KindName, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

app = App(name="permit", help="Permits that partners gave this node.", help_epilogue=example("permit list"))


@app.command(name="list", help_epilogue=example("permit list --partner operator"))
def list_(
    *,
    partner: str | None = None,
    kind: KindName | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List permits, without their tokens. How often one was used its holder alone counts: 'grant list' there.

    Parameters
    ----------
    partner
        Only those of this node.
    kind
        Only those for this kind of resource.
    """
    from interconn.api.audits import AuditKind
    from interconn.cli.output import instant

    wanted = AuditKind(kind) if kind else None
    with common.node() as node:
        found = pages.read(
            lambda page, size: node.permits.list(page=page, size=size, node_id=partner, kind=wanted), "permits"
        )
    pages.show(
        found,
        [
            say("for"),
            say("kind"),
            say("level"),
            say("holder"),
            say("expires"),
            say("jobs at most"),
            say("standing"),
            say("approval"),
        ],
        [
            [
                permit.resource_id,
                permit.kind.value.lower(),
                permit.resource_level,
                permit.node_id,
                instant(permit.time_limit),
                permit.times_limit,
                _standing(permit.standing.value, permit.reason),
                permit.audit_id,
            ]
            for permit in found.permits
        ],
        empty=say("no permits yet; apply for one with 'interconn dataset request'"),
        json=common.json,
    )


@app.command(help_epilogue=example("permit renew audit-51c9"))
def renew(audit_id: str, *, common: Common = Common()) -> None:
    """Ask the holder for a permit anew, where it was lost, say with a restored backup; the former one dies.

    Parameters
    ----------
    audit_id
        Id of the approval that brought it, as 'permit list' and 'audit list' show it.
    """
    from interconn.cli.decision import show_audit

    with common.node() as node:
        audit = node.permits.renew(audit_id)
    show_audit(audit, common)


def _standing(standing: str, reason: str) -> str:
    return f"{standing}: {reason}" if reason and standing in ("VOID", "REVOKED") else standing
