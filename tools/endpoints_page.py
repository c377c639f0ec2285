"""Writes docs/endpoints.md: each call of the standard's management layer, and how this node's people make or answer it.

.venv/bin/python tools/endpoints_page.py

Tests hold the table against what there is: own API, command line, both Python clients, OpenAPI documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interconn.standard import management

PAGE = Path(__file__).parents[1] / "docs" / "endpoints.md"

HEAD = """\
# The 32 calls of the management layer

Every call is served on the partner listener and sent by this node. A person causes it, or answers it, by the call of the node's own API beside it; `node.…` is `interconn.client`, with the same names for `NodeClient` and `AsyncNodeClient`. Both listeners have an OpenAPI document at `/openapi.json`. This page is made by `tools/endpoints_page.py`.

| clause | call | served as | own API | command | Python |
|---|---|---|---|---|---|
"""

TAIL = """
A confirm is sent when a person, or a rule, has decided: `approve` and `reject` send it. `GET /v1/interconn/job/audit/query` is served too, as an extension of ours (MGT-8-job-audit-state): the standard has no query for jobs, and nothing relies on this one.
"""


@dataclass(frozen=True)
class Counterpart:
    """How a person comes to a call: rows of the own API, commands, and verbs of the client, by their names."""

    own: tuple[str, ...]
    commands: tuple[str, ...]
    verbs: tuple[str, ...]


def _by(own: str, commands: str, verbs: str) -> Counterpart:
    return Counterpart(tuple(own.split()), tuple(each.strip() for each in commands.split(",")), tuple(verbs.split()))


_DECIDE = "own.audit.approve own.audit.reject"
_DECIDED = "audits.approve audits.reject"

COUNTERPARTS = {
    "MGT-3.1": _by("own.peer.apply", "peer apply", "peers.apply"),
    "MGT-3.2": _by("own.peer.approve own.peer.reject", "peer approve, peer reject", "peers.approve peers.reject"),
    "MGT-3.3": _by("own.peer.terminate", "peer terminate", "peers.terminate"),
    "MGT-3.4": _by("own.node.change", "node update", "node.change"),
    "MGT-3.5": _by("own.peer.ask", "peer show", "peers.ask"),
    "MGT-3.6": _by("own.peer.ask", "peer show", "peers.ask"),
    "MGT-3.7": _by("own.peer.ask", "peer show", "peers.ask"),
    "MGT-4.1": _by("own.dataset.discover", "dataset discover", "datasets.discover"),
    "MGT-4.2": _by("own.dataset.show", "dataset show", "datasets.show"),
    "MGT-4.3": _by("own.dataset.request", "dataset request", "datasets.request"),
    "MGT-4.4": _by(_DECIDE, "dataset grant, dataset reject", _DECIDED),
    "MGT-4.5": _by("own.audit.terminate", "dataset revoke", "audits.terminate"),
    "MGT-4.6": _by("own.audit.ask", "audit ask", "audits.ask"),
    "MGT-5.1": _by("own.project.create", "project create", "projects.create"),
    "MGT-5.2": _by(_DECIDE, "project approve, project reject", _DECIDED),
    "MGT-5.3": _by("own.audit.terminate", "project revoke", "audits.terminate"),
    "MGT-5.4": _by("own.audit.ask", "audit ask", "audits.ask"),
    "MGT-5.5": _by("own.project.discover", "project discover", "projects.discover"),
    "MGT-5.6": _by("own.project.show", "project show", "projects.show"),
    "MGT-6.1": _by("own.component.discover", "component discover", "components.discover"),
    "MGT-6.2": _by("own.component.show", "component show", "components.show"),
    "MGT-7.1": _by("own.flow.create", "flow create", "flows.create"),
    "MGT-7.2": _by(_DECIDE, "flow approve, flow reject", _DECIDED),
    "MGT-7.3": _by("own.audit.terminate", "flow revoke", "audits.terminate"),
    "MGT-7.4": _by("own.audit.ask", "audit ask", "audits.ask"),
    "MGT-8.1": _by("own.job.propose", "job propose", "jobs.propose"),
    "MGT-8.2": _by(_DECIDE, "job approve, job reject", _DECIDED),
    "MGT-8.3": _by("own.audit.terminate", "job revoke", "audits.terminate"),
    "MGT-9.1": _by("own.model.request", "model request", "models.request"),
    "MGT-9.2": _by(_DECIDE, "model approve, model reject", _DECIDED),
    "MGT-9.3": _by("own.audit.terminate", "model revoke", "audits.terminate"),
    "MGT-9.4": _by("own.audit.ask", "audit ask", "audits.ask"),
}
"""By clause of the call."""


def page() -> str:
    """Return the page as it should be."""
    lines = []
    for row in management.ENDPOINTS:
        if row.clause not in COUNTERPARTS or "job/audit/query" in row.path:
            continue
        by = COUNTERPARTS[row.clause]
        commands = ", ".join(f"`interconn {command}`" for command in by.commands)
        verbs = ", ".join(f"`node.{verb}`" for verb in by.verbs)
        own = ", ".join(f"`{name}`" for name in by.own)
        summary = row.summary.rstrip(".")
        lines.append(f"| {row.clause} | {summary} | `{row.method} {row.path}` | {own} | {commands} | {verbs} |\n")
    return HEAD + "".join(lines) + TAIL


if __name__ == "__main__":
    PAGE.write_text(page())
