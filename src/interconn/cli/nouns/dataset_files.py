"""`interconn dataset check | add`: files of this institution that become data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from interconn.cli.dataset_view import show_own, show_verdict
from interconn.cli.options import Common, Flag, Several


def check(
    file: Path,
    *,
    key: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    label: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    common: Common = Common(),
) -> int:
    """Look over a CSV file that is to become a data set: all that is wrong or odd, each with what to do about it.

    Nothing is kept, and no value of the file is shown. Ends with 1 where the file cannot be taken in as it is.

    Parameters
    ----------
    file
        The CSV file, on the node's machine.
    key
        Column that is to identify a row; several for a key of several columns. Without any, columns that could are
        looked for.
    label
        Column that is to hold a label.
    """
    from interconn.cli.output import print_reply

    with common.node() as node:
        verdict = node.datasets.check(str(file.absolute()), key_columns=key, label_columns=label)
    if common.json:
        print_reply(verdict)
    else:
        show_verdict(file.name, verdict)
    return 0 if verdict.usable else 1


def add(
    file: Path,
    *,
    name: str,
    key: Annotated[list[str], Several],
    label: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    dataset_id: Annotated[str | None, Parameter(name="--id")] = None,
    description: str | None = None,
    category: str | None = None,
    purpose: str = "",
    unchecked: Annotated[bool, Flag] = False,
    common: Common = Common(),
) -> int:
    """Take a CSV file into the node's storage: looked over first, normalised, shown to nobody yet.

    What is found wrong or odd is shown, each with what to do about it; where the file cannot be taken in as it is,
    nothing is changed.

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
    purpose
        What it is kept for; told to nobody.
    unchecked
        Do not look the file over first, which reads it twice: the first fault that is met ends the command.
    """
    from interconn.cli.output import print_next

    path = str(file.absolute())
    with common.node() as node:
        if not (unchecked or common.json):
            verdict = node.datasets.check(path, key_columns=key, label_columns=label)
            if verdict.remarks:
                show_verdict(file.name, verdict)
            if not verdict.usable:
                return 1
        added = node.datasets.add(
            path,
            name,
            key,
            label_columns=label,
            dataset_id=dataset_id,
            description=description,
            category=category,
            purpose=purpose,
        )
    show_own(added, common)
    if not common.json:
        print_next(f"interconn dataset publish {added.dataset_id}")
    return 0
