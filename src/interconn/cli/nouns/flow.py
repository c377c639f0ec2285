"""`interconn flow …`: how components are combined (MGT-7, CTL-6.7)."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from interconn.cli.options import Applicant, Common, Limited, OtherSide, Reason, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

app = App(
    name="flow",
    help="Flows: how components are combined.",
    help_epilogue=example("flow lint examples/intersection.json"),
)


@app.command(help_epilogue=example("flow create examples/intersection.json --project project-7a1e"))
def create(
    file: Path,
    *,
    project: str,
    name: str | None = None,
    description: str | None = None,
    flow_id: str | None = None,
    common: Common = Common(),
) -> None:
    """Create a flow in a project and ask each partner's approval (MGT-7.1).

    Parameters
    ----------
    file
        The flow: a JSON object with the member "dag", and "config" where parties are settled.
    project
        Id of the project.
    name
        Name of the flow, instead of the file's.
    description
        What partners are told of it.
    flow_id
        Id of the flow, instead of a fresh one.
    """
    from interconn.cli.flow_file import read_flow_file
    from interconn.cli.output import print_card, print_next, print_reply

    read = read_flow_file(file)
    with common.node() as node:
        flow = node.flows.create(
            name or read.name,
            project,
            read.require_dag(file),
            config=read.config,
            description=description,
            flow_id=flow_id,
        )
    if common.json:
        print_reply(flow)
        return
    print_card(
        say("flow {flow_id}", flow_id=flow.flow_id),
        [
            (say("name"), flow.name),
            (say("project"), flow.project_id),
            (say("digest"), flow.digest),
            (say("approved"), flow.approved),
            (say("waits for"), [audit.waits_for or audit.node_id for audit in flow.audits]),
        ],
    )
    print_next(say("each partner runs: interconn flow approve {flow_id}", flow_id=flow.flow_id))


@app.command(name="list", help_epilogue=example("flow list"))
def list_(
    *, name: str | None = None, project: str | None = None, pages: Pages = Pages(), common: Common = Common()
) -> None:
    """List flows.

    Parameters
    ----------
    name
        Only those whose name contains this.
    project
        Only those of this project.
    """
    from interconn.cli.output import short

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.flows.list(page=page, size=size, name=name, project_id=project), "flows"
        )
    pages.show(
        found,
        [say("flow"), say("name"), say("project"), say("initiator"), say("components"), say("digest"), say("approved")],
        [
            [
                flow.flow_id,
                flow.name,
                flow.project_id,
                flow.initiator,
                [component.name for component in flow.dag.components],
                short(flow.digest),
                flow.approved,
            ]
            for flow in found.flows
        ],
        empty=say("no flows yet; create one with 'interconn flow create'"),
        json=common.json,
    )


@app.command(help_epilogue=example("flow lint examples/intersection.json"))
def lint(file: Path, *, common: Common = Common()) -> None:
    """Check a flow file as a job of it would be checked; nobody is asked and nothing is kept (CTL-6.6, CTL-6.7).

    Parameters
    ----------
    file
        The flow: a JSON object with the members "dag" and "config"; a DAG alone is checked as far as that goes.
    """
    from interconn.cli.flow_file import read_flow_file
    from interconn.cli.output import print_reply, print_table

    read = read_flow_file(file)
    dag = read.require_dag(file)
    with common.node() as node:
        planned = node.flows.lint(dag, read.config)
    if common.json:
        print_reply(planned)
        return
    print_table(
        [say("step"), say("component"), say("after"), say("parties")],
        [[step.name, step.component, step.after, step.parties] for step in planned.steps],
        empty=say("no steps"),
    )
    for party, limits in planned.resources.items():
        print(say("{party} may take {limits}", party=party, limits=_limits(limits)))
    for remark in planned.remarks:
        print(say("remark: {remark}", remark=remark))
    print(say("digest of the DAG: {digest}", digest=planned.dag_digest))
    if read.config is None:
        print(say("the DAG is right; who takes part is not settled"))
        return
    print(say("digest of the configuration: {digest}", digest=planned.config_digest))
    print(say("{scheduler} schedules; the flow can be run", scheduler=planned.scheduler))


def _limits(limits: dict[str, float]) -> str:
    units = {"cpu": say("cores"), "memory": say("GiB of memory"), "disk": say("GiB of disk")}
    return ", ".join(f"{amount:g} {units.get(name, name)}" for name, amount in limits.items())


@app.command(
    help_epilogue=example(
        "flow picture examples/intersection.json --output flow.svg", "flow picture --flow flow-c08d --output flow.svg"
    )
)
def picture(
    file: Path | None = None,
    *,
    flow: str | None = None,
    initiator: str | None = None,
    output: Path | None = None,
    common: Common = Common(),
) -> None:
    """Draw a flow: what reads from what, as SVG for a browser or a document.

    Parameters
    ----------
    file
        The flow: a JSON object with the member "dag".
    flow
        Id of a flow that the node knows, instead of a file.
    initiator
        Whose flow, where several nodes have one of that id.
    output
        Where the picture goes, instead of standard output.
    """
    from interconn.cli.flow_file import read_flow_file
    from interconn.cli.output import print_picture, print_reply
    from interconn.standard.errors import InvalidRequest

    if (file is None) == (flow is None):
        raise InvalidRequest(say("name either a file or, with --flow, a flow that the node knows"), where="flow")
    with common.node() as node:
        if file is None:
            drawn = node.flows.drawn(flow or "", initiator=initiator)
        else:
            read = read_flow_file(file)
            drawn = node.flows.picture(read.require_dag(file), title=read.name)
    if common.json:
        print_reply(drawn)
        return
    print_picture(drawn.svg, output)


@app.command(help_epilogue=example("flow approve flow-c08d"))
def approve(
    flow_id: str, *, applicant: Applicant = None, limits: Limited = Limited(), common: Common = Common()
) -> None:
    """Approve a flow that a partner created (MGT-7.2).

    Parameters
    ----------
    flow_id
        Id of the flow, or of the approval.
    """
    from interconn.cli.decision import approve_subject

    approve_subject("FLOW", flow_id, applicant=applicant, limits=limits, common=common)


@app.command(help_epilogue=example("flow reject flow-c08d --reason 'purpose not clear'"))
def reject(flow_id: str, *, applicant: Applicant = None, reason: Reason = "", common: Common = Common()) -> None:
    """Reject a flow that a partner created (MGT-7.2).

    Parameters
    ----------
    flow_id
        Id of the flow, or of the approval.
    """
    from interconn.cli.decision import reject_subject

    reject_subject("FLOW", flow_id, applicant=applicant, reason=reason, common=common)


@app.command(help_epilogue=example("flow revoke credit"))
def revoke(flow_id: str, *, partner: OtherSide = None, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke the approval of a flow, given by this node or to it (MGT-7.3).

    Parameters
    ----------
    flow_id
        Id of the flow, or of the approval.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("FLOW", flow_id, partner=partner, reason=reason, common=common)
