"""The component table_summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from interconn.algorithms.ecdh_psi.component import split_names
from interconn.algorithms.link import open_link
from interconn.algorithms.table_summary.alignment import check_alignment
from interconn.algorithms.table_summary.summary import summarise
from interconn.sdk import Component, Context
from interconn.standard.errors import ConfigurationError, DataError
from interconn.storage.keys import row_keys
from interconn.storage.tables import Table


def work(context: Context) -> None:
    """Run the component.

    Raises:
        DataError: the table is too small; nothing has been computed of it or sent then.
        ProtocolError: the tables do not line up, or the peer broke the protocol.
        InterconnError: parameters, storage or transport do not serve.
    """
    environment = context.environment
    if len(environment.parties) != 2:
        raise ConfigurationError("two parties are needed", where="config.node_id", clause="CMP-3.3.2")
    table = context.open_table("table")
    keys = split_names(context.parameters["key_columns"])
    table.require(keys)
    rows = sum(batch.num_rows for batch in table.batches(keys))
    minimum: int = context.parameters["minimum_rows"]
    if rows < minimum:
        # How many there are is for the own side's log alone: the peer hears of a failure, not of a number.
        raise DataError(
            f"the table has fewer rows than the {minimum} demanded",
            where=str(table.dataset),
            hint="Numbers over few rows tell of single persons.",
        )
    seconds: dict[str, float] = {}
    link = open_link(environment, context.transport)
    link.connect()
    with context.phase("alignment", seconds), link:
        check_alignment(link.channel(), link.rank, _keys(table, keys))
    with context.phase("summary", seconds):
        columns = summarise(table, rows)
    context.write_json(
        "summary",
        {
            "component": "table_summary",
            "role": environment.self_party.name,
            "aligned": True,
            "rows": rows,
            "columns": columns,
            "seconds": seconds,
        },
    )


def _keys(table: Table, names: Sequence[str]) -> Iterator[bytes]:
    for batch in table.batches(names):
        yield from row_keys([column.to_pylist() for column in batch.columns])


COMPONENT: Final = Component.load(Path(__file__).with_name("self_description.json"), work)
