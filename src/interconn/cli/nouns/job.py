"""`interconn job …`: jobs, from proposal to result (MGT-8, CTL-5)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from interconn.cli.nouns.job_logs import logs
from interconn.cli.options import Applicant, Common, Flag, Limited, OtherSide, Reason, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.jobs import JobView, PartyView

app = App(name="job", help="Jobs: proposed, approved, run.", help_epilogue=example("job list", "job show job-f3b0"))


app.command(
    logs, help_epilogue=example("job logs job-f3b0", "job logs job-f3b0 --task psi --party host.0 --level error")
)


@app.command(help_epilogue=example("job propose flow-c08d --config examples/intersection.json"))
def propose(
    flow_id: str,
    *,
    config: Path,
    name: str = "job",
    quiet: Annotated[bool, Flag] = False,
    common: Common = Common(),
) -> None:
    """Propose a job of a flow: each party's approval is asked, with this node's permits (MGT-8.1).

    Parameters
    ----------
    flow_id
        Id of the flow.
    config
        Parties and parameters: a JSON object, or a flow file with the member "config".
    name
        Name of the job.
    quiet
        Print the id of the job alone, for a script.
    """
    from interconn.cli.flow_file import read_flow_file
    from interconn.cli.output import print_card, print_next, print_reply

    settled = read_flow_file(config).require_config(config)
    with common.node() as node:
        job = node.jobs.propose(flow_id, settled, name=name)
    if common.json:
        print_reply(job)
        return
    if quiet:
        print(job.job_id)
        return
    print_card(
        say("job {job_id}", job_id=job.job_id),
        [
            (say("name"), job.name),
            (say("flow"), job.flow_id),
            (say("digest of the flow"), job.dag_digest),
            (say("digest of the configuration"), job.config_digest),
            (say("approved"), job.approved),
            (say("waits for"), [audit.waits_for or audit.node_id for audit in job.audits]),
        ],
    )
    print_next(
        say("each partner runs: interconn job approve {job_id}; then: interconn job run {job_id}", job_id=job.job_id)
    )


@app.command(help_epilogue=example("job approve job-f3b0"))
def approve(
    job_id: str, *, applicant: Applicant = None, limits: Limited = Limited(), common: Common = Common()
) -> None:
    """Approve a job that a partner proposed (MGT-8.2).

    Parameters
    ----------
    job_id
        Id of the job, or of the approval.
    """
    from interconn.cli.decision import approve_subject

    approve_subject("JOB", job_id, applicant=applicant, limits=limits, common=common)


@app.command(help_epilogue=example("job reject job-f3b0 --reason 'purpose not clear'"))
def reject(job_id: str, *, applicant: Applicant = None, reason: Reason = "", common: Common = Common()) -> None:
    """Reject a job that a partner proposed (MGT-8.2).

    Parameters
    ----------
    job_id
        Id of the job, or of the approval.
    """
    from interconn.cli.decision import reject_subject

    reject_subject("JOB", job_id, applicant=applicant, reason=reason, common=common)


@app.command(help_epilogue=example("job run job-f3b0 --watch"))
def run(job_id: str, *, watch: Annotated[bool, Flag] = False, common: Common = Common()) -> int:
    """Start a job whose approvals are all there (CTL-5.1).

    Parameters
    ----------
    job_id
        Id of the job.
    watch
        Stay until the job ends; the exit status is 0 only if it succeeded.
    """
    with common.node() as node:
        job = node.jobs.run(job_id)
    if watch:
        from interconn.cli.job_watch import follow

        return follow(job_id, common)
    _show(job, common)
    return 0


@app.command(help_epilogue=example("job show job-f3b0"))
def show(job_id: str, *, common: Common = Common()) -> None:
    """Show how a job stands: its tasks, each party's share, reasons and outputs (CTL-5.3).

    Parameters
    ----------
    job_id
        Id of the job.
    """
    with common.node() as node:
        job = node.jobs.show(job_id)
    _show(job, common)


@app.command(help_epilogue=example("job watch job-f3b0", "job watch job-f3b0 --json"))
def watch(job_id: str, *, common: Common = Common()) -> int:
    """Follow a job until it ends, party by party; the exit status is 0 only if it succeeded.

    On a terminal the lanes move; elsewhere each change is a line, with --json each event one (docs/operations.md).
    A node that is restarted meanwhile is waited for.

    Parameters
    ----------
    job_id
        Id of the job.
    """
    from interconn.cli.job_watch import follow

    return follow(job_id, common)


@app.command(help_epilogue=example("job why job-f3b0"))
def why(job_id: str, *, common: Common = Common()) -> None:
    """Tell whom a job waits for, for what and since when, with the last exchange; as 'interconn why' does of any id.

    Parameters
    ----------
    job_id
        Id of the job, or of one of its tasks.
    """
    from interconn.cli.nouns.why import explain

    explain(job_id, common)


@app.command(help_epilogue=example("job graph job-f3b0 --output job.svg"))
def graph(job_id: str, *, output: Path | None = None, common: Common = Common()) -> None:
    """Draw a job, proposed, running or over: what reads from what, and how far each party is, as SVG.

    Parameters
    ----------
    job_id
        Id of the job.
    output
        Where the picture goes, instead of standard output.
    """
    from interconn.cli.output import print_picture, print_reply

    with common.node() as node:
        drawn = node.jobs.picture(job_id)
    if common.json:
        print_reply(drawn)
        return
    print_picture(drawn.svg, output)


@app.command(name="list", help_epilogue=example("job list"))
def list_(
    *,
    status: Literal["PENDING", "READY", "REJECTED", "RUNNING", "FINISHED"] | None = None,
    flow: str | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List jobs, newest first.

    Parameters
    ----------
    status
        Only those in this state.
    flow
        Only those of this flow.
    """
    from interconn.cli.output import instant
    from interconn.standard.control import JobStatus

    wanted = JobStatus(status) if status else None
    with common.node() as node:
        found = pages.read(lambda page, size: node.jobs.list(page=page, size=size, status=wanted, flow_id=flow), "jobs")
    pages.show(
        found,
        [say("job"), say("flow"), say("status"), say("outcome"), say("initiator"), say("scheduler"), say("created")],
        [
            [j.job_id, j.flow_id, j.status.value, j.outcome, j.initiator, j.scheduler, instant(j.created_at)]
            for j in found.jobs
        ],
        empty=say(
            "no job has begun yet; propose one with 'interconn job propose', and see what waits for approval with "
            "'interconn audit list --kind JOB'"
        ),
        json=common.json,
    )


@app.command(help_epilogue=example("job stop job-f3b0"))
def stop(
    job_id: str, *, from_: Annotated[str | None, Parameter(name="--from")] = None, common: Common = Common()
) -> None:
    """Stop a job (CTL-5.2), or a component of it and all that depend on it (CTL-5.7).

    Parameters
    ----------
    job_id
        Id of the job.
    from_
        Name of the component in the DAG from which to stop; what does not depend on it goes on.
    """
    with common.node() as node:
        job = node.jobs.stop(job_id, task_name=from_)
    _show(job, common)


@app.command(help_epilogue=example("job log task_0d6f"))
def log(
    task_id: str,
    *,
    start: int = 0,
    length: int = 1000,
    level: Literal["debug", "info", "error"] = "debug",
    common: Common = Common(),
) -> None:
    """Print the log of a task's component on this node.

    Parameters
    ----------
    task_id
        Id of the task, as 'job show' has it.
    start
        First line, from 0.
    length
        Most lines printed.
    level
        Leave out what matters less; a line that names no level belongs to the one before it.
    """
    from interconn.cli.output import plain, print_reply
    from interconn.standard.control import LogLevel

    with common.node() as node:
        found = node.jobs.log(task_id, start=start, length=length, level=LogLevel(level))
    if common.json:
        print_reply(found)
        return
    for line in found.lines:
        print(plain(line, lines=True) if sys.stdout.isatty() else line)


def _show(job: JobView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply, print_table

    if common.json:
        print_reply(job)
        return
    print_card(
        say("job {job_id}", job_id=job.job_id),
        [
            (say("status"), job.status.value),
            (say("outcome"), job.outcome),
            (say("reason"), job.reason),
            (say("flow"), job.flow_id),
            (say("initiator"), job.initiator),
            (say("scheduler"), job.scheduler),
            (say("created"), instant(job.created_at)),
            (say("ended"), instant(job.ended_at)),
        ],
    )
    parties = [(task, party) for task in job.tasks for party in task.parties]
    print()
    print_table(
        [say("task"), say("id"), say("party"), say("role"), say("status"), say("phase"), say("reason")],
        [
            [task.name, task.task_id, party.node_id, party.role, party.status.value, _phase(party), party.reason]
            for task, party in parties
        ],
        empty=say("no tasks yet"),
    )
    outputs = [(task, name, place) for task, party in parties for name, place in party.outputs.items()]
    if outputs:
        print()
        print_table(
            [say("task"), say("result"), say("lies in")],
            [[task.name, name, _place(place)] for task, name, place in outputs],
            empty="",
        )


def _phase(party: PartyView) -> str:
    progress = party.progress
    if progress is None or party.status.value == "SUCCESS":  # of a failure the phase tells where
        return ""
    return f"{progress.phase} {progress.done}/{progress.total}" if progress.total else progress.phase


def _place(place: Any) -> str:
    """Return where an output lies: its directory here, or its name in storage elsewhere."""
    if not isinstance(place, dict):
        return str(place)
    if standing := place.get("standing"):
        return say("{standing}: 'interconn result list' shows what it waits for", standing=standing)
    return str(place.get("path") or f"{place.get('namespace')}/{place.get('name')}")


@app.command(help_epilogue=example("job revoke job-51c9"))
def revoke(job_id: str, *, partner: OtherSide = None, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke the approval of a job, given by this node or to it (MGT-8.3).

    A job that runs already is stopped with 'interconn job stop'.

    Parameters
    ----------
    job_id
        Id of the job, or of the approval.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("JOB", job_id, partner=partner, reason=reason, common=common)
