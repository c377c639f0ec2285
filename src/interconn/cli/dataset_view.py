"""How a data set, and a file that may become one, are shown to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interconn.cli.options import Common
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.datasets import DatasetView, FileVerdict
    from interconn.standard.management import DatasetSummary


def show_own(dataset: DatasetView, common: Common) -> None:
    """Show a data set of this node, or print it for a machine."""
    from interconn.cli.output import print_reply

    if common.json:
        print_reply(dataset)
        return
    show_card(
        dataset,
        [
            (say("published"), dataset.published_to or dataset.published),
            (say("purpose"), dataset.purpose),
            (say("taken from"), dataset.source),
            (say("lies in"), dataset.location),
            *((say("note"), finding.get("message", finding)) for finding in dataset.findings),
        ],
    )


def show_card(dataset: DatasetSummary, more: list[tuple[str, object]]) -> None:
    """Show what partners are told of a data set, and more."""
    from interconn.cli.output import print_card

    print_card(
        say("data set {dataset_id}", dataset_id=dataset.dataset_id),
        [
            (say("name"), dataset.name),
            (say("owner"), dataset.owner),
            (say("rows"), dataset.count),
            (say("key"), dataset.join_columns),
            (say("label"), dataset.label_columns),
            (say("category"), dataset.category),
            (say("description"), dataset.description),
            *more,
        ],
    )


def show_columns(dataset: DatasetSummary) -> None:
    """Show the columns of a data set."""
    from interconn.cli.output import print_table

    print_table(
        [say("column"), say("type"), say("distribution"), say("description")],
        [[c.name, c.data_type, c.distribution.value, c.description] for c in dataset.column_metas or []],
        empty=say("no columns are published"),
    )


def show_verdict(name: str, verdict: FileVerdict) -> None:
    """Show what was found about a file: its columns, what is wrong or odd, and what to do about it."""
    from interconn.cli.output import plain, print_card, print_table

    print_card(
        say("file {name}", name=name),
        [
            (say("size"), say("{bytes} bytes", bytes=f"{verdict.size:,}")),
            (say("encoding"), verdict.encoding),
            (say("rows"), f"{verdict.rows:,}"),
            (say("columns"), len(verdict.columns)),
            (say("could be a key"), [column.name for column in verdict.columns if column.could_be_key]),
        ],
    )
    if verdict.columns:
        rows = [[column.name, column.type, column.missing or ""] for column in verdict.columns]
        print_table([say("column"), say("type"), say("blank")], rows, empty="")
    for remark in verdict.remarks:
        mark = say("wrong") if remark.blocks else say("note")
        print(f"{mark}: {plain(remark.what)}")
        print(f"  {plain(remark.fix)}")
    print(say("it can be taken in") if verdict.usable else say("it cannot be taken in as it is"))
