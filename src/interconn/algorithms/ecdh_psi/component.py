"""The component psi: which rows both parties have, as a table of the own rows in an order that both share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interconn.algorithms.ecdh_psi.own_items import OwnItems
from interconn.algorithms.ecdh_psi.protocol import Exchange, Outcome
from interconn.algorithms.ecdh_psi.suite import Curve25519Sha256, Suite
from interconn.algorithms.link import open_link
from interconn.sdk import Component, Context
from interconn.standard.errors import ConfigurationError, DataError
from interconn.storage.duplicates import DuplicateFinder
from interconn.storage.keys import is_blank, row_keys
from interconn.storage.tables import Table

ALL: Final = "all"
_WRITE_ROWS: Final = 1 << 16


def work(context: Context) -> None:
    """Run the component.

    Raises:
        DataError: a key column is missing, or keys are blank or repeated; nothing has been sent then.
        ProtocolError: the peer broke the protocol.
        InterconnError: parameters, storage or transport do not serve.
    """
    environment = context.environment
    if len(environment.parties) != 2:
        raise ConfigurationError("two parties are needed", where="config.node_id", clause="ALG-PSI-5.1")
    own, (peer,) = environment.self_party, environment.peers
    result_to: str = context.parameters["result_to"]
    receives, gives = result_to in (ALL, own.role), result_to in (ALL, peer.role)
    if receives and "aligned" not in environment.outputs:
        raise ConfigurationError("is not set", where="runtime.component.output.aligned", clause="CMP-3.4.4")
    table = context.open_table("table")
    keys = split_names(context.parameters["key_columns"])
    seconds: dict[str, float] = {}
    suite = Curve25519Sha256()
    with OwnItems(context.work_directory, suite.point_bytes) as items:
        with context.phase("reading", seconds):
            read_items(table, keys, suite, items, context)
        link = open_link(environment, context.transport)
        with context.phase("connecting", seconds):
            link.connect()
        with context.phase("matching", seconds), link:
            exchange = Exchange(
                link=link,
                peer=environment.parties.index(peer),
                suite=suite,
                items=items,
                receives=receives,
                gives=gives,
                work_directory=context.work_directory,
                batch_size=context.parameters["batch_size"],
                progress=context.progress,
            )
            outcome = exchange.run()
        own_rows = len(items)
    if outcome.rows is not None:
        with context.phase("writing", seconds):
            write_aligned(table, outcome.rows, context)
    if "report" in environment.outputs:
        context.write_json("report", _report(context, own_rows, outcome, seconds))


def split_names(text: str) -> tuple[str, ...]:
    """Return the column names of a comma-separated parameter.

    Raises:
        ConfigurationError: it names none, or one twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) != len(names):
        raise ConfigurationError(
            "must name different columns, separated by commas",
            where="runtime.component.parameter.key_columns",
            clause="CMP-3.4.2",
        )
    return names


def read_items(table: Table, keys: Sequence[str], suite: Suite, items: OwnItems, context: Context) -> None:
    """Turn the key of every row into a point.

    Raises:
        DataError: a key column is missing, or keys are blank or repeated.
        StorageError: the table cannot be read, or the working directory has no room left.
    """
    table.require(keys)
    finder = DuplicateFinder(context.work_directory)
    try:
        row = 0
        for batch in table.batches(keys):
            columns = [column.to_pylist() for column in batch.columns]
            for values in zip(*columns, strict=True):
                row += 1
                if is_blank(values):
                    raise DataError(
                        f"row {row} has a blank key", where=str(table.dataset), hint="Every row needs its key."
                    )
            joined = row_keys(columns)
            for number, key in enumerate(joined, start=row - len(joined) + 1):
                finder.add(key, number)
            items.append(suite.hash_to_points(joined))
            context.progress("reading", row, table.metadata.count if table.metadata else None)
        repeated = finder.finish()
    finally:
        finder.close()
    if repeated.rows:
        raise DataError(
            f"{repeated.rows} rows repeat the key of an earlier row, e.g. row {repeated.examples[0]}",
            where=str(table.dataset),
            clause="ALG-2.3-duplicates",
            hint="Intersection needs unique keys: remove the repeated rows or choose other key columns.",
        )


def write_aligned(table: Table, rows: npt.NDArray[np.uint64], context: Context) -> None:
    """Write the rows of these numbers, in this order; memory is that of these rows.

    Raises:
        StorageError: the table cannot be read again, or the store refuses.
        DataError: the table has changed meanwhile.
    """
    wanted = np.sort(rows)
    matched: list[pa.RecordBatch] = []
    first = 0
    for batch in table.batches():
        low, high = np.searchsorted(wanted, [first, first + batch.num_rows])
        if high > low:
            matched.append(batch.take(pa.array(wanted[low:high] - np.uint64(first))))
        first += batch.num_rows
    schema = pa.schema([(name, pa.string()) for name in table.columns])
    # Offsets of 64 bits, so that the rows fit one chunk, from which slices can be taken quickly.
    large = pa.schema([(name, pa.large_string()) for name in table.columns])
    together = pa.Table.from_batches(matched, schema).cast(large).combine_chunks()
    if together.num_rows != len(rows):
        raise DataError("the table has changed while it was used", where=str(table.dataset))
    order = np.searchsorted(wanted, rows)
    with context.create_table("aligned", table.column_info) as writer:
        for at in range(0, len(order), _WRITE_ROWS):
            writer.write(together.take(pa.array(order[at : at + _WRITE_ROWS])))
            context.progress("writing", writer.rows, len(order))


def _report(context: Context, own_rows: int, outcome: Outcome, seconds: dict[str, float]) -> dict[str, Any]:
    traffic = context.transport.traffic
    report: dict[str, Any] = {
        "component": "psi",
        "role": context.environment.self_party.name,
        "result_to": context.parameters["result_to"],
        "own_rows": own_rows,
        "peer_rows": outcome.peer_items,
        "seconds": seconds,
        "sent": {"bytes": traffic.sent_bytes, "messages": traffic.sent_messages},
        "received": {"bytes": traffic.received_bytes, "messages": traffic.received_messages},
    }
    if outcome.rows is not None:
        report["intersection_rows"] = len(outcome.rows)
    return report


COMPONENT: Final = Component.load(Path(__file__).with_name("self_description.json"), work)
