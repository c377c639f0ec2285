"""`interconn job logs`: what all parties of a job logged, as far as each permits."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from interconn.cli.options import Common
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.client import NodeClient
    from interconn.standard.control import LogLevel

LOOK_SECONDS: Final = 1.0


@dataclass
class Followed:
    """The log of one party's share of a task.

    Attributes:
        read: lines taken so far.
        over: no more will come.
        why_not: why it cannot be read; empty where it can.
    """

    task_name: str
    party: str
    node_id: str
    read: int = 0
    total: int = 0
    over: bool = False
    why_not: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Whose it is, for a person."""
        return f"{self.task_name} {self.party} {self.node_id}"


def logs(
    job_id: str,
    *,
    task: str | None = None,
    party: str | None = None,
    level: Literal["debug", "info", "error"] = "debug",
    follow: bool = False,
    common: Common = Common(),
) -> None:
    """Print what all parties of a job logged: this node's own, and those of the others as far as each permits.

    A party permits by its policy ([[log]] in policy.toml), by level; a party that does not, or whose platform does
    not know the call, is named with its reason on standard error.

    Parameters
    ----------
    job_id
        Id of the job.
    task
        Only this component of the DAG.
    party
        Only this party, such as guest.0.
    level
        Leave out what matters less; partners may permit errors alone.
    follow
        Go on until the job has ended.
    """
    from interconn.cli.output import print_json
    from interconn.standard.control import LogLevel
    from interconn.standard.errors import NotFound

    wanted, plainly = LogLevel(level), not common.json
    with common.node() as node:
        found = [
            Followed(each.task_name, each.party, each.node_id)
            for each in node.jobs.parties(job_id).parties
            if task in (None, each.task_name) and party in (None, each.party)
        ]
        if not found:
            raise NotFound(say("the job has no such task and party"), where="job_id", hint="interconn job show")
        while True:
            for each in found:
                _read(node, job_id, each, wanted, plainly)
            if not follow or all(each.over for each in found):
                break
            time.sleep(LOOK_SECONDS)
    if common.json:
        print_json([_as_json(each) for each in found])


def _read(node: NodeClient, job_id: str, log: Followed, level: LogLevel, plainly: bool) -> None:
    """Read what is new of a log."""
    from interconn.cli.output import plain
    from interconn.standard.errors import InterconnError, PeerUnreachable

    while not log.over:
        try:
            new = node.jobs.logs(job_id, log.task_name, log.party, start=log.read, level=level)
        except InterconnError as error:
            # One who does not answer may do so later; one who refuses has said so. Said once, not every second.
            news = error.message != log.why_not
            log.over, log.why_not = not isinstance(error, PeerUnreachable), error.message
            if plainly and news:
                print(f"{log.label}: {plain(error.message)}", file=sys.stderr)
            return
        log.read, log.total, log.why_not = log.read + len(new.lines), new.total, ""
        log.over = new.ended and log.read >= new.total
        if not plainly:
            log.lines += new.lines
        for line in new.lines if plainly else ():
            shown = plain(line, lines=True) if sys.stdout.isatty() else line
            print(f"{log.label} | {shown}", flush=True)
        if not new.lines:
            return


def _as_json(log: Followed) -> dict[str, Any]:
    return {
        "task": log.task_name,
        "party": log.party,
        "node_id": log.node_id,
        "lines": log.lines,
        "total": log.total,
        "why_not": log.why_not,
    }
