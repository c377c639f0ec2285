"""`interconn project …`: projects with partners (MGT-5)."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App

from interconn.cli.options import Applicant, Common, Flag, Limited, OtherSide, Reason, Several, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

app = App(name="project", help="Projects with partners.", help_epilogue=example("project list"))


@app.command(help_epilogue=example("project create credit --partner operator --dataset operator/age"))
def create(
    name: str,
    *,
    partner: Annotated[list[str], Several],
    dataset: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    type: Literal["HETERO_FL", "MPC", "HOMO_FL", "PSI", "ANONYM_FL"] | None = None,  # noqa: A002 - MGT-5.1
    description: str | None = None,
    project_id: str | None = None,
    common: Common = Common(),
) -> None:
    """Create a project and ask each partner's approval (MGT-5.1).

    Parameters
    ----------
    name
        Name of the project.
    partner
        Id of a partner's node; several where there are several.
    dataset
        A data set that the project uses, as NODE/DATASET.
    type
        Kind of the project.
    description
        What partners are told of it.
    project_id
        Id of the project, instead of a fresh one.
    """
    from interconn.cli.output import print_reply
    from interconn.standard.errors import InvalidRequest
    from interconn.standard.management import ProjectType

    datasets: dict[str, list[str]] = {}
    for named in dataset:
        owner, separator, dataset_id = named.partition("/")
        if not (owner and separator and dataset_id):
            raise InvalidRequest(
                say("a data set is named as NODE/DATASET"), where=named, hint="--dataset operator/customers"
            )
        datasets.setdefault(owner, []).append(dataset_id)
    with common.node() as node:
        project = node.projects.create(
            name,
            partner,
            type=ProjectType(type) if type else None,
            datasets=datasets,
            description=description,
            project_id=project_id,
        )
    if common.json:
        print_reply(project)
        return
    from interconn.cli.output import print_card, print_next

    print_card(
        say("project {project_id}", project_id=project.project_id),
        [
            (say("name"), project.name),
            (say("approved"), project.approved),
            (say("waits for"), [audit.waits_for or audit.node_id for audit in project.audits]),
        ],
    )
    print_next(say("each partner runs: interconn project approve {project_id}", project_id=project.project_id))


@app.command(name="list", help_epilogue=example("project list"))
def list_(*, name: str | None = None, pages: Pages = Pages(), common: Common = Common()) -> None:
    """List projects.

    Parameters
    ----------
    name
        Only those whose name contains this.
    """

    with common.node() as node:
        found = pages.read(lambda page, size: node.projects.list(page=page, size=size, name=name), "projects")
    pages.show(
        found,
        [say("project"), say("name"), say("kind"), say("initiator"), say("approved")],
        [[p.project_id, p.name, p.type, p.initiator, p.approved] for p in found.projects],
        empty=say("no projects yet; create one with 'interconn project create'"),
        json=common.json,
    )


@app.command(help_epilogue=example("project discover operator"))
def discover(partner: str, *, pages: Pages = Pages(), common: Common = Common()) -> None:
    """List a partner's projects in which this node takes part (MGT-5.5).

    Parameters
    ----------
    partner
        Id of the partner's node.
    """

    with common.node() as node:
        found = pages.read(lambda page, size: node.projects.discover(partner, page=page, size=size), "records")
    pages.show(
        found,
        [say("project"), say("name"), say("kind"), say("description")],
        [[p.project_id, p.name, p.type, p.description] for p in found.records],
        empty=say("{node_id} has no projects with this node", node_id=partner),
        json=common.json,
    )


@app.command(help_epilogue=example("project show operator credit"))
def show(partner: str, project_id: str, *, common: Common = Common()) -> None:
    """Show a project as its initiator tells of it: who takes part, with which data sets (MGT-5.6).

    Parameters
    ----------
    partner
        Id of the node that created it: a partner's, or this one.
    project_id
        Id of the project.
    """
    from interconn.cli.output import print_card, print_reply

    with common.node() as node:
        found = node.projects.show(partner, project_id)
    if common.json:
        print_reply(found)
        return
    print_card(
        say("project {project_id}", project_id=found.project_id),
        [
            (say("name"), found.name),
            (say("kind"), found.type),
            (say("description"), found.description),
            *(
                (
                    say("node"),
                    f"{one.node_id} ({one.institution or one.inst_id}): "
                    + (", ".join(found.datasets.get(one.node_id, [])) or say("no data sets")),
                )
                for one in found.nodes
            ),
        ],
    )


@app.command(help_epilogue=example("project approve project-7a1e --grant-datasets --times-limit 10"))
def approve(
    project_id: str,
    *,
    applicant: Applicant = None,
    grant_datasets: Annotated[bool, Flag] = False,
    limits: Limited = Limited(),
    common: Common = Common(),
) -> None:
    """Approve a project that a partner created (MGT-5.2).

    Parameters
    ----------
    project_id
        Id of the project, or of the approval.
    grant_datasets
        Grant the data sets that the application names along with the project, for use in it alone. Without it, each
        is granted by itself with 'dataset grant'.
    """
    from interconn.cli.decision import approve_subject

    approve_subject(
        "PROJECT", project_id, applicant=applicant, limits=limits, grant_datasets=grant_datasets, common=common
    )


@app.command(help_epilogue=example("project reject project-7a1e --reason 'purpose not clear'"))
def reject(project_id: str, *, applicant: Applicant = None, reason: Reason = "", common: Common = Common()) -> None:
    """Reject a project that a partner created (MGT-5.2).

    Parameters
    ----------
    project_id
        Id of the project, or of the approval.
    """
    from interconn.cli.decision import reject_subject

    reject_subject("PROJECT", project_id, applicant=applicant, reason=reason, common=common)


@app.command(help_epilogue=example("project revoke joint"))
def revoke(project_id: str, *, partner: OtherSide = None, reason: Reason = "", common: Common = Common()) -> None:
    """Revoke the approval of a project, given by this node or to it (MGT-5.3).

    Parameters
    ----------
    project_id
        Id of the project, or of the approval.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("PROJECT", project_id, partner=partner, reason=reason, common=common)
