"""`interconn dataset …`: own data sets, and those that partners publish (MGT-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App

from interconn.cli.dataset_view import show_card, show_columns, show_own
from interconn.cli.nouns.dataset_files import add, check
from interconn.cli.nouns.dataset_grants import grant, reject, request, revoke
from interconn.cli.options import Common, Flag, Several, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    pass

app = App(
    name="dataset",
    help="Data sets: own ones, and those that partners publish.",
    help_epilogue=example("dataset add ./loans.csv --name loans --key id", "dataset list"),
)


@app.command(help_epilogue=example("dataset publish loans", "dataset publish loans --to operator"))
def publish(
    dataset_id: str,
    *,
    to: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    to_all: Annotated[bool, Flag] = False,
    common: Common = Common(),
) -> None:
    """Show a data set to contract partners, to all or to some: its name and columns, never its rows.

    Parameters
    ----------
    dataset_id
        Id of the data set.
    to
        A partner that may know of it; those named, and no others.
    to_all
        Show it to every partner, also where it was shown to some before.
    """
    with common.node() as node:
        changed = node.datasets.publish(dataset_id, to=to, to_all=to_all)
    show_own(changed, common)


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
    show_own(changed, common)


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

    with common.node() as node:
        found = pages.read(
            lambda page, size: node.datasets.list(page=page, size=size, name=name, category=category), "datasets"
        )
    pages.show(
        found,
        [say("data set"), say("name"), say("rows"), say("key"), say("label"), say("published"), say("lies in")],
        [
            [d.dataset_id, d.name, d.count, d.join_columns, d.label_columns, d.published_to or d.published, d.location]
            for d in found.datasets
        ],
        empty=say("no data sets yet; take one in with 'interconn dataset add'"),
        json=common.json,
    )


@app.command(help_epilogue=example("dataset discover operator"))
def discover(partner: str, *, pages: Pages = Pages(), common: Common = Common()) -> None:
    """List the data sets that a partner publishes (MGT-4.1).

    Parameters
    ----------
    partner
        Id of the partner's node.
    """

    with common.node() as node:
        found = pages.read(lambda page, size: node.datasets.discover(partner, page=page, size=size), "records")
    pages.show(
        found,
        [say("data set"), say("name"), say("rows"), say("key"), say("label"), say("description")],
        [[d.dataset_id, d.name, d.count, d.join_columns, d.label_columns, d.description] for d in found.records],
        empty=say("{node_id} publishes no data sets", node_id=partner),
        json=common.json,
    )


@app.command(help_epilogue=example("dataset show loans", "dataset show operator customers"))
def show(place: str, dataset_id: str | None = None, *, common: Common = Common()) -> None:
    """Show a data set with its columns: an own one, or one that a partner publishes (MGT-4.2).

    Parameters
    ----------
    place
        Id of an own data set, or of the partner's node.
    dataset_id
        Id of the partner's data set.
    """
    from interconn.cli.output import print_reply

    with common.node() as node:
        if dataset_id is None:
            own = node.datasets.inspect(place)
            show_own(own, common)
            if not common.json:
                show_columns(own)
            return
        found = node.datasets.show(place, dataset_id)
    if common.json:
        print_reply(found)
        return
    show_card(found, [])
    show_columns(found)


@app.command(
    help_epilogue=example(
        "dataset describe loans --category credit",
        "dataset describe loans --column age --description years",
    )
)
def describe(
    dataset_id: str,
    *,
    column: str | None = None,
    description: str | None = None,
    distribution: Literal["DISCRETE", "CONTINUOUS"] | None = None,
    type: str | None = None,  # noqa: A002 - a person's word for it
    name: str | None = None,
    category: str | None = None,
    purpose: str | None = None,
    label: Annotated[list[str] | None, Several] = None,
    common: Common = Common(),
) -> None:
    """Set or correct what partners are told of a data set, or of one of its columns.

    Parameters
    ----------
    dataset_id
        Id of the data set.
    column
        The column that description, distribution and type are of.
    description
        What is told of it; an empty text takes it away.
    distribution
        How the values of the column are distributed.
    type
        Type of the column as in SQL, e.g. varchar, int, double.
    name
        Name of the data set.
    category
        Kind of data; an empty text takes it away.
    purpose
        What it is kept for; told to nobody.
    label
        Column that holds a label; those named, and no others.
    """
    from interconn.api.datasets import ColumnDescription
    from interconn.standard.errors import InvalidRequest
    from interconn.standard.management import Distribution

    if column is None and (distribution or type):
        raise InvalidRequest(say("distribution and type are those of a column"), where="--column")
    columns = []
    if column is not None:
        columns.append(
            ColumnDescription(
                name=column,
                data_type=type,
                description=description,
                distribution=Distribution(distribution) if distribution else None,
            )
        )
    with common.node() as node:
        changed = node.datasets.describe(
            dataset_id,
            name=name,
            description=description if column is None else None,
            category=category,
            purpose=purpose,
            label_columns=label,
            columns=columns,
        )
    show_own(changed, common)
    if not common.json:
        show_columns(changed)


@app.command(help_epilogue=example("dataset remove loans"))
def remove(dataset_id: str, *, force: Annotated[bool, Flag] = False, common: Common = Common()) -> None:
    """Remove a data set with its rows; its id is not used again.

    Parameters
    ----------
    dataset_id
        Id of the data set.
    force
        Also where grants of it are in force, which are revoked, or a job reads it, which fails.
    """
    with common.node() as node:
        removed = node.datasets.remove(dataset_id, force=force)
    show_own(removed, common)


app.command(add, help_epilogue=example("dataset add ./loans.csv --name loans --key id --label creditability"))
app.command(check, help_epilogue=example("dataset check ./loans.csv --key id"))
app.command(request, help_epilogue=example("dataset request operator customers --times-limit 3 --expires 30d"))
app.command(revoke, help_epilogue=example("dataset revoke customers --partner bank"))
app.command(reject, help_epilogue=example("dataset reject customers --reason 'purpose not clear'"))
app.command(grant, help_epilogue=example("dataset grant customers --partner bank --times-limit 3"))
