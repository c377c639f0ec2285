"""`interconn audit export | verify | query | heads | settle`: the audit trail (docs/audit-trail.md).

Verification and questions need no node: they read a file. What they are made of is imported from `interconn.trail`
alone, which knows nothing of a database.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from interconn.cli.instants import Instant
from interconn.cli.options import Common, Flag, Several
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.trail import PartnerHeads, TrailStanding
    from interconn.trail.verification import Report


def export(
    *,
    out: Path | None = None,
    since: Instant = None,
    until: Instant = None,
    partner: str | None = None,
    common: Common = Common(),
) -> None:
    """Export the audit trail as JSON Lines: every entry with what proves it, heads and receipts.

    Parameters
    ----------
    out
        File to write, readable by its owner alone; standard output if not given.
    since
        Only entries from this time on: 2026-07-01, 2026-07-01T12:00:00+08:00, or epoch milliseconds.
    until
        Only entries up to this time.
    partner
        Only entries with this partner; where others lie between, their place and last hash are kept.
    """
    import sys

    from interconn.api.trail import TrailBegin
    from interconn.cli.output import Progress, print_json
    from interconn.trail.writing import write_export

    wanted = TrailBegin(since=since, until=until, partner=partner)
    with common.node(patient=False) as node, Progress(say("entries exported")) as progress:
        if out is None:
            write_export(node.call, sys.stdout.buffer, wanted, progress=progress)
            sys.stdout.buffer.flush()
            return
        partial = out.with_name(f"{out.name}.partial")
        partial.touch(0o600)
        with partial.open("wb") as file:
            written = write_export(node.call, file, wanted, progress=progress)
        partial.replace(out)
    if common.json:
        print_json({"file": str(out), "entries": written})
    else:
        print(say("{entries} entries are in {file}", entries=written, file=out))


def verify(
    file: Path,
    *,
    against: Annotated[list[Path], Several] = [],  # noqa: B006 - never changed
    json: Annotated[bool, Flag] = False,
) -> int:
    """Verify an export, without a node and on any machine; exits with 1 where something is wrong.

    Parameters
    ----------
    file
        The export.
    against
        Exports of partners, or heads that they hold: a tail that was cut and a trail that was rewritten show only
        there. Exports given here are verified too, against all others.
    json
        Print JSON for machines.
    """
    from interconn.cli.output import Progress, print_json
    from interconn.standard.errors import InterconnError, InvalidRequest
    from interconn.trail.verification import held, is_export
    from interconn.trail.verification import verify as verify_export

    for path in (file, *against):
        if not path.is_file():
            raise InvalidRequest(say("there is no such file"), where=str(path))
    heads: list[Any] = []
    for path in against:
        try:
            heads += held(path)
        except InterconnError as error:
            raise InvalidRequest(error.message, where=str(path)) from None
    exports = [file, *(path for path in against if is_export(path))]
    heads += held(file) if len(exports) > 1 else []
    reports = []
    with Progress(say("entries verified")) as progress:
        for path in exports:
            reports.append(verify_export(path, heads, progress))
    if json:
        print_json([_described(report) for report in reports])
    else:
        for report in reports:
            _show(report)
    return 1 if any(report.fault for report in reports) else 0


def query(
    file: Path,
    *,
    action: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    actor: str = "*",
    subject: str = "*",
    partner: str = "",
    mentions: str = "",
    since: Instant = None,
    until: Instant = None,
    after: int = 0,
    json: Annotated[bool, Flag] = False,
) -> None:
    """Find entries of an export: who did what, when, by which rule, and what was signed with which key.

    Parameters
    ----------
    file
        The export; verify it first.
    action
        What was done, e.g. dataset.approve; * stands for anything: 'dataset.*'.
    actor
        Who did it: 'person:*', 'rule:*', 'node:bank'.
    subject
        What it was done to, e.g. dataset:loans or contract:*.
    partner
        Only entries with this partner.
    mentions
        Text that an entry holds anywhere, e.g. the id of a job, of an approval or of a key.
    since
        Only from this time on: 2026-07-01, 2026-07-01T12:00:00+08:00, or epoch milliseconds.
    until
        Only up to this time.
    after
        Only entries after the one of this number.
    json
        Print JSON for machines: everything that is told of each entry, also what was signed.
    """
    from interconn.cli.output import instant, print_json, print_table, short
    from interconn.trail.questions import Criteria, find

    criteria = Criteria(
        actions=tuple(action),
        actor=actor,
        subject=subject,
        partner=partner,
        mentions=mentions,
        since=since or 0,
        until=until,
        after=after,
    )
    found = list(find(file, criteria))
    if json:
        print_json(found)
        return
    print_table(
        [say("entry"), say("time"), say("who"), say("did"), say("of"), say("partner"), say("clause"), say("key")],
        [
            [
                one["number"],
                instant(one["at"]),
                one["actor"],
                one["action"],
                one["subject"],
                one["partner"],
                one["clause"],
                short(one.get("fingerprint", "")),
            ]
            for one in found
        ],
        empty=say("no such entries"),
    )


def heads(*, common: Common = Common()) -> None:
    """Show the signed head of this node's trail, which partners hold which, and whose trail contradicts itself."""
    with common.node() as node:
        found = node.trail.heads()
    _show_heads(found, common)


def settle(partner: str, *, reason: str, common: Common = Common()) -> None:
    """Close the alarm about a partner's trail, once it is known why: a restored backup, say.

    Parameters
    ----------
    partner
        The partner.
    reason
        Kept in the audit trail.
    """
    with common.node() as node:
        found = node.trail.settle(partner, reason)
    _show_heads(found, common)


def _show_heads(found: TrailStanding, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply, print_table

    if common.json:
        print_reply(found)
        return
    print_card(
        say("head of the audit trail of {node_id}", node_id=found.head.node_id),
        [
            (say("entry"), found.head.number),
            (say("hash"), found.head.chain),
            (say("time"), instant(found.head.time)),
            (say("signed with"), found.head.fingerprint),
        ],
    )
    print_table(
        [say("partner"), say("holds ours up to"), say("since"), say("we hold theirs up to"), say("of")],
        [
            [
                one.node_id,
                one.acknowledged,
                instant(one.acknowledged_at),
                one.held,
                instant(one.held_at),
            ]
            for one in found.partners
        ],
        empty=say("no partner has given or taken a head yet"),
    )
    for one in found.partners:
        if note := _note(one):
            print(f"{one.node_id}: {note}")


def _note(one: PartnerHeads) -> str:
    accused = say("it says that our trail contradicts itself") if one.accused else ""
    return "; ".join(part for part in (one.contradiction, accused, one.obstacle) if part)


def _described(report: Report) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(report) | {"ok": report.fault is None}


def _show(report: Report) -> None:
    from interconn.cli.output import plain, print_card

    if report.fault:
        print(f"{report.file}: {say('NOT IN ORDER')}: {plain(report.fault.message)}")
        return
    print_card(
        say("{file}: in order", file=report.file),
        [
            (say("trail of"), report.node_id),
            (say("entries"), f"{report.first} - {report.last}"),
            (say("signatures verified"), report.proofs),
            (say("heads"), report.heads),
            (say("receipts of partners"), report.receipts),
            (say("held by"), report.held_by),
            (say("signed with"), report.own_keys),
            *((say("keys of {node_id}", node_id=node), list(keys)) for node, keys in report.partner_keys.items()),
            *((say("note"), note) for note in report.notes),
        ],
    )
