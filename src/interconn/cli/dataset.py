"""`interconn dataset …`: own data sets, and those that partners publish (MGT-4)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from interconn.cli.options import Common, Limited, Several, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.datasets import DatasetView
    from interconn.standard.management import DatasetSummary

app = App(
    name="dataset",
    help="Data sets: own ones, and those that partners publish.",
    help_epilogue=example("dataset add ./loans.csv --name loans --key id", "dataset list"),
)


@app.command(help_epilogue=example("dataset add ./loans.csv --name loans --key id --label creditability"))
def add(
    file: Path,
    *,
    name: str,
    key: Annotated[list[str], Several],
    label: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    dataset_id: Annotated[str | None, Parameter(name="--id")] = None,
    description: str | None = None,
    category: str | None = None,
    common: Common = Common(),
) -> None:
    """Take a CSV file into the node's storage: checked, normalised, shown to nobody yet.

    Parameters
    ----------
    file
        The CSV file, on the node's machine.
    name
        Name of the data set.
    key
        Column that identifies a row; several for a key of several columns.
    label
        Column that holds a label.
    dataset_id
        Id of the data set, instead of a fresh one.
    description
        What partners are told of it once it is published.
    category
        Kind of data.
    """
    from interconn.cli.output import print_next

    with common.node() as node:
        added = node.datasets.add(
            str(file.absolute()),
            name,
            key,
            label_columns=label,
            dataset_id=dataset_id,
            description=description,
            category=category,
        )
    _show_own(added, common)
    if not common.json:
        print_next(f"interconn dataset publish {added.dataset_id}")


@app.command(help_epilogue=example("dataset publish loans"))
def publish(dataset_id: str, *, common: Common = Common()) -> None:
    """Show a data set to contract partners: its name and columns, never its rows.

    Parameters
    ----------
    dataset_id
        Id of the data set.
    """
    with common.node() as node:
        changed = node.datasets.publish(dataset_id)
    _show_own(changed, common)


@app.command(help_epilogue=example("dataset hide loans"))
def hide(dataset_id: str, *, common: Common = Common()) -> None:
    """Hide a data set from contract partners again.

    Parameters
    ----------
    dataset_id
        Id of the data set.
    """
    with common.node() as node:
        changed = node.datasets.hide(dataset_id)
    _show_own(changed, common)


@app.command(name="list", help_epilogue=example("dataset list"))
def list_(
    *,
    name: str | None = None,
    category: str | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List this node's data sets.

    Parameters
    ----------
    name
        Only those whose name contains this.
    category
        Only those of this category.
    """
    from interconn.cli.output import print_reply, print_table

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.datasets.list(page=page, size=size, name=name, category=category), "datasets"
        )
    if common.json:
        print_reply(found)
        return
    print_table(
        [say("data set"), say("name"), say("rows"), say("key"), say("label"), say("published"), say("lies in")],
        [
            [d.dataset_id, d.name, d.count, d.join_columns, d.label_columns, d.published, d.location]
            for d in found.datasets
        ],
        empty=say("no data sets yet; take one in with 'interconn dataset add'"),
    )
    pages.tell(len(found.datasets), found.total)


@app.command(help_epilogue=example("dataset discover operator"))
def discover(node_id: str, *, pages: Pages = Pages(), common: Common = Common()) -> None:
    """List the data sets that a partner publishes (MGT-4.1).

    Parameters
    ----------
    node_id
        Id of the partner's node.
    """
    from interconn.cli.output import print_reply, print_table

    with common.node() as node:
        found = pages.read(lambda page, size: node.datasets.discover(node_id, page=page, size=size), "records")
    if common.json:
        print_reply(found)
        return
    print_table(
        [say("data set"), say("name"), say("rows"), say("key"), say("label"), say("description")],
        [[d.dataset_id, d.name, d.count, d.join_columns, d.label_columns, d.description] for d in found.records],
        empty=say("{node_id} publishes no data sets", node_id=node_id),
    )
    pages.tell(len(found.records), found.total)


@app.command(help_epilogue=example("dataset show operator customers"))
def show(node_id: str, dataset_id: str, *, common: Common = Common()) -> None:
    """Show a data set that a partner publishes, with its columns (MGT-4.2).

    Parameters
    ----------
    node_id
        Id of the partner's node.
    dataset_id
        Id of the data set.
    """
    from interconn.cli.output import print_reply

    with common.node() as node:
        found = node.datasets.show(node_id, dataset_id)
    if common.json:
        print_reply(found)
        return
    _card(found, [])
    _columns(found)


@app.command(help_epilogue=example("dataset request operator customers --times-limit 3"))
def request(
    node_id: str,
    dataset_id: str,
    *,
    for_project: Annotated[list[str], Several] = [],  # noqa: B006
    for_component: Annotated[list[str], Several] = [],  # noqa: B006
    time_limit: int | None = None,
    times_limit: int | None = None,
    common: Common = Common(),
) -> None:
    """Apply for a grant of a partner's data set (MGT-4.3).

    Parameters
    ----------
    node_id
        Id of the partner's node.
    dataset_id
        Id of the data set.
    for_project
        Use it in this project only.
    for_component
        Use it with this component only.
    time_limit
        When the grant is to end, epoch milliseconds.
    times_limit
        How many jobs are to use it.
    """
    from interconn.cli.decision import show_audit
    from interconn.standard.management import AuthScope

    scope = AuthScope(PROJECT=for_project or None, COMPONENT=for_component or None)
    with common.node() as node:
        audit = node.datasets.request(
            node_id,
            dataset_id,
            scope=scope if for_project or for_component else None,
            time_limit=time_limit,
            times_limit=times_limit,
        )
    show_audit(audit, common)


@app.command(help_epilogue=example("dataset grant customers --applicant bank --times-limit 3"))
def grant(
    dataset_id: str,
    *,
    applicant: str | None = None,
    limits: Limited = Limited(),
    common: Common = Common(),
) -> None:
    """Grant a partner the use of a data set that it applied for (MGT-4.4).

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    applicant
        Node whose application is approved; needed where several applied.
    """
    from interconn.cli.decision import approve_subject

    approve_subject(
        "DATASET",
        dataset_id,
        applicant=applicant,
        common=common,
        limits=limits,
    )


def _show_own(dataset: DatasetView, common: Common) -> None:
    from interconn.cli.output import print_reply

    if common.json:
        print_reply(dataset)
        return
    _card(
        dataset,
        [
            (say("published"), dataset.published),
            (say("lies in"), dataset.location),
            *((say("note"), finding.get("message", finding)) for finding in dataset.findings),
        ],
    )


def _card(dataset: DatasetSummary, more: list[tuple[str, object]]) -> None:
    from interconn.cli.output import print_card

    print_card(
        say("data set {dataset_id}", dataset_id=dataset.dataset_id),
        [
            (say("name"), dataset.name),
            (say("owner"), dataset.owner),
            (say("rows"), dataset.count),
            (say("key"), dataset.join_columns),
            (say("label"), dataset.label_columns),
            (say("description"), dataset.description),
            *more,
        ],
    )


def _columns(dataset: DatasetSummary) -> None:
    from interconn.cli.output import print_table

    print_table(
        [say("column"), say("type"), say("distribution"), say("description")],
        [[c.name, c.data_type, c.distribution.value, c.description] for c in dataset.column_metas or []],
        empty=say("no columns are published"),
    )


@app.command(help_epilogue=example("dataset revoke customers --partner bank"))
def revoke(dataset_id: str, *, partner: str | None = None, reason: str = "", common: Common = Common()) -> None:
    """Revoke the use of a data set, given by this node or to it (MGT-4.5).

    Permits given with it are void at once; a job that reads the data stops at its next task.

    Parameters
    ----------
    dataset_id
        Id of the data set, or of the approval.
    partner
        Only the approval with that node; without it, those with all.
    reason
        Kept in the audit trail.
    """
    from interconn.cli.decision import revoke_subject

    revoke_subject("DATASET", dataset_id, partner=partner, reason=reason, common=common)
