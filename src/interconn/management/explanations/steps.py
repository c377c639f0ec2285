"""What a person may do about something that waits, or that does not."""

from __future__ import annotations

from interconn.management.waiting import REFUSED, Waiting, Whom
from interconn.standard.management import AuditStatus

Step = tuple[str, str]
"""In words, and as a command; the command is empty where there is none."""


def step_for(waiting: Waiting) -> Step:
    """Return what a person may do about something that waits."""
    node = waiting.node_id
    if waiting.whom is Whom.PERSON_HERE:
        return f"decide: {waiting.purpose}", waiting.command
    if waiting.whom is Whom.PERSON_THERE:
        return (
            f"nothing is due here; the people of {node} decide, and this asks their node how it stands",
            waiting.command,
        )
    if waiting.message is None:
        return f"nothing is due here; this node asks {node} for it again by itself", f"interconn state diff {node}"
    if waiting.message.state == REFUSED:
        return (
            f"nothing is due here; this node asks {node} what it believes, and this shows the step that mends it",
            f"interconn state diff {node}",
        )
    if waiting.command:
        return "nothing is due here; it is sent again by itself; where the address is wrong, this takes it back", (
            waiting.command
        )
    return (
        f"nothing is due here; it is sent again by itself, and at once when {node} calls; this asks whether it is well",
        f"interconn peer show {node}",
    )


def step_when_different(node_id: str) -> Step:
    """Return what a person may do where the partner believes something else."""
    return (
        f"{node_id} believes something else: this shows the legal step that mends it",
        f"interconn state diff {node_id}",
    )


def step_when_unproven(node_id: str, contract_id: str) -> Step:
    """Return what a person may do where calls are answered, and one of the two does not prove itself to the other."""
    return (
        f"{node_id} and this node do not prove themselves to each other: something between them answers, or one knows "
        "a former key of the other, say from a restored backup; compare the fingerprints by telephone ('interconn peer "
        "show' there, 'interconn node keys' here), and if they differ, end the contract on both sides and apply anew",
        f"interconn peer terminate {contract_id}",
    )


def step_when_settled(status: str, *, again: str) -> Step:
    """Return what a person may do where nothing is waited for.

    Args:
        status: of a contract or an audit.
        again: the command by which one applies anew.
    """
    if status in (AuditStatus.REJECTED, AuditStatus.TERMINATED):
        return "nothing: that state is final; whoever still wants it applies anew", again
    return "nothing: it is in force and waits for nobody", ""
