"""`interconn result …`: results of jobs that the policy holds until they are released (docs/policy.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cyclopts import App

from interconn.cli.options import Common, Reason, example
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.results import ResultView

app = App(
    name="result",
    help="Results of jobs that wait for a release.",
    help_epilogue=example("result list --standing HELD"),
)


@app.command(name="list", help_epilogue=example("result list --standing HELD", "result list --job job-51c9 --json"))
def list_(
    *,
    job: str | None = None,
    standing: Literal["HELD", "RELEASED", "REFUSED"] | None = None,
    common: Common = Common(),
) -> None:
    """List results that the policy holds, or held: what exists, and what it waits for.

    Parameters
    ----------
    job
        Only those of this job.
    standing
        Only those that stand so.
    """
    from interconn.cli.output import print_reply, print_table

    with common.node() as node:
        found = node.results.list(job_id=job, standing=standing)
    if common.json:
        print_reply(found)
        return
    print_table(
        [say("result"), say("component"), say("kind"), say("standing"), say("waits for"), say("reason")],
        [[one.result, one.component, one.category, one.standing, one.waits_for, one.reason] for one in found.results],
        empty=say("no results are held"),
    )


@app.command(help_epilogue=example("result release job-51c9/psi-1/aligned --reason checked"))
def release(result: str, *, reason: Reason = "", common: Common = Common()) -> None:
    """Release a result: from then on this node's people see where it lies.

    Parameters
    ----------
    result
        As 'result list' names it: JOB/TASK/KEY, or JOB/TASK/PARTY/KEY.
    """
    with common.node() as node:
        _show(node.results.release(result, reason=reason), common)


@app.command(help_epilogue=example("result refuse job-51c9/psi-1/aligned --reason 'too few persons'"))
def refuse(result: str, *, reason: Reason = "", common: Common = Common()) -> None:
    """Refuse a result for good; its data is erased if the policy says so.

    Parameters
    ----------
    result
        As 'result list' names it: JOB/TASK/KEY, or JOB/TASK/PARTY/KEY.
    """
    with common.node() as node:
        _show(node.results.refuse(result, reason=reason), common)


def _show(result: ResultView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(result)
        return
    print_card(
        say("result {result}", result=result.result),
        [
            (say("standing"), result.standing),
            (say("waits for"), result.waits_for),
            (say("lies in"), result.place.get("path")),
            (say("release"), [opinion.by for opinion in result.opinions]),
            (say("by"), result.decided_by),
            (say("decided"), instant(result.decided_at)),
            (say("reason"), result.reason),
        ],
    )
