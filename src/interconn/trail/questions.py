"""An auditor's questions, answered from an export alone: which entries, and what each says in plain members."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interconn.trail import document

RULE: Final = "rule:"


@dataclass(frozen=True)
class Criteria:
    """Which entries are looked for; what is not given does not count.

    Attributes:
        actions: patterns with `*`, e.g. `dataset.*`; any one is enough.
        actor: pattern, e.g. `person:*` or `rule:*`.
        subject: pattern, e.g. `dataset:loans`.
        partner: a node id.
        mentions: text that the entry holds anywhere, e.g. the id of a job, an approval or a key.
        since, until: epoch milliseconds, both included.
        after: number of an entry; only later ones.
    """

    actions: tuple[str, ...] = ()
    actor: str = "*"
    subject: str = "*"
    partner: str = ""
    mentions: str = ""
    since: int = 0
    until: int | None = None
    after: int = 0

    def meets(self, entry: Mapping[str, Any], line: bytes) -> bool:
        """Tell whether an entry is looked for."""
        return (
            (not self.actions or any(fnmatch.fnmatchcase(entry["action"], action) for action in self.actions))
            and fnmatch.fnmatchcase(entry["actor"], self.actor)
            and fnmatch.fnmatchcase(entry["subject"], self.subject)
            and (not self.partner or entry["partner"] == self.partner)
            and (not self.mentions or self.mentions.encode() in line)
            and self.after < entry["number"]
            and self.since <= entry["at"]
            and (self.until is None or entry["at"] <= self.until)
        )


def find(path: Path, criteria: Criteria) -> Iterator[dict[str, Any]]:
    """Yield what is told of each entry that is looked for, in their order.

    Raises:
        InvalidRequest: the file is no export.
    """
    for line, record in document.read(path):
        if record["record"] == document.ENTRY and criteria.meets(record, line):
            yield told(record)


def told(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry says: who did what, when, under which rule, and what was signed with which key."""
    evidence = entry.get("evidence") or {}
    proof: dict[str, Any] = {}
    if "signature" in evidence:
        proof = {
            "signed_by": entry["actor"].partition(":")[2],
            "proof": evidence["kind"],
            "auth_type": evidence["auth_type"],
            "fingerprint": evidence["fingerprint"],
            "signed": evidence["signed"],
            "said": evidence.get("body") or evidence.get("content"),
            "withheld": evidence.get("withheld", []),
        }
    elif evidence.get("kind") == "person":
        proof = {"roles": evidence.get("roles", []), "token_id": evidence.get("token_id", "")}
    rule = entry["actor"].removeprefix(RULE) if entry["actor"].startswith(RULE) else None
    members = ("number", "at", "actor", "action", "subject", "partner", "clause", "trace_id", "details")
    return {name: entry[name] for name in members} | ({"rule": rule} if rule else {}) | proof
