"""`interconn policy …`: what this node decides by declaration (docs/policy.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from interconn.cli.options import Common, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.policy_file import Policy

app = App(
    name="policy",
    help="The declared policy: what is decided by rules, and what needs two persons.",
    help_epilogue=example("policy show"),
)


@app.command(help_epilogue=example("policy show", "policy show 9f86d081884c --json"))
def show(digest: str = "", *, common: Common = Common()) -> None:
    """Show the policy in force, or one that was, as the digest in a decision names it.

    Parameters
    ----------
    digest
        SHA-256 of a policy, or its beginning.
    """
    from interconn.cli.output import instant, print_card, print_reply

    with common.node() as node:
        found = node.policies.show(digest)
    if common.json:
        print_reply(found)
        return
    print_card(
        say("policy {digest}", digest=found.digest[:16]) if found.digest else say("no policy was declared"),
        [
            (say("in force"), found.in_force),
            (say("taken up"), instant(found.taken_up_at)),
            (say("not followed"), found.fault),
        ],
    )
    if found.text:
        print(f"\n{found.text.rstrip()}")


@app.command(help_epilogue=example("policy check policy.toml"))
def check(file: Path, *, common: Common = Common()) -> None:
    """Check a policy file, and print the digest by which decisions would name it. It takes no node.

    Where a node is at hand, the components that the file names are held against those that it has.

    Parameters
    ----------
    file
        The file.
    """
    from interconn.api.policy_file import policy_digest, read_policy
    from interconn.cli.output import print_card, print_json

    text = file.read_bytes()
    policy = read_policy(text, where=str(file))
    unknown, why_not = _unknown_components(policy, common)
    if common.json:
        print_json(
            {
                "digest": policy_digest(text),
                "policy": policy.model_dump(mode="json", exclude_none=True),
                "unknown_components": unknown,
            }
        )
        return
    print_card(
        say("{file} can be used", file=file),
        [
            (say("digest"), policy_digest(text)),
            (say("rules"), [rule.name for rule in policy.rule]),
            (say("four eyes for"), sorted({kind.value for section in policy.four_eyes for kind in section.kinds})),
            (say("releases"), [release.name for release in policy.release]),
            (say("stops running jobs"), policy.termination.stop_running_jobs),
            (say("components that this node does not have"), unknown),
            (say("components"), why_not and say("not held against a node's: {why}", why=why_not)),
        ],
    )


@app.command(help_epilogue=example("policy explain audit-51c9"))
def explain(audit_id: str, *, common: Common = Common()) -> None:
    """Tell which rule would decide an application of a partner, and why the others would not.

    Parameters
    ----------
    audit_id
        Id of the approval, as 'audit list' shows it.
    """
    from interconn.cli.output import print_card, print_reply, print_table

    with common.node() as node:
        found = node.policies.explain(audit_id)
    if common.json:
        print_reply(found)
        return
    facts = [(name, say("not limited to any") if about is None else about) for name, about in found.facts.items()]
    print_card(
        say("approval {audit_id}", audit_id=found.audit_id),
        [(say("decided by"), found.decided_by), (say("not followed"), found.fault), *facts],
    )
    print_table(
        [say("rule"), say("verdict"), say("applies"), say("because")],
        [[rule.name, rule.verdict, rule.applies, "; ".join(rule.because)] for rule in found.rules],
        empty=say("the policy has no rules"),
    )


def _unknown_components(policy: Policy, common: Common) -> tuple[list[str] | None, str]:
    """Return which components a policy names that the node does not have; else why nobody can tell.

    It is a note and no error: what a flow has run at its partners alone need not be known here.
    """
    from interconn.standard.errors import InterconnError

    lists = [
        *(rule.components for rule in policy.rule),
        *(release.components for release in policy.release),
        *(log.components for log in policy.log),
    ]
    named = {name for listed in lists for name in listed or []}
    if not named:
        return [], ""
    try:
        with common.node() as node:
            known = {component.name for component in node.components.list().components}
    except InterconnError as error:
        return None, error.message
    return sorted(named - known), ""
