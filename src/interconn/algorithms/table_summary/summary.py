"""Numbers that describe a table."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from interconn.storage.dataset import Column
from interconn.storage.tables import Table

QUANTILES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
MEMORY_BYTES: Final = 256 << 20
"""What the values of the columns described in one pass may take; more columns mean more passes."""


def summarise(table: Table, rows: int) -> list[dict[str, Any]]:
    """Return for each column its name, type, number of missing values, and mean and quantiles of numbers.

    Args:
        table: the table.
        rows: its number of rows.

    Raises:
        DataError: a value does not fit its column's type.
    """
    at_once = max(MEMORY_BYTES // (8 * max(rows, 1)), 1)
    columns = table.column_info
    found: list[dict[str, Any]] = []
    for first in range(0, len(columns), at_once):
        found.extend(_summarise(table, columns[first : first + at_once]))
    return found


def _summarise(table: Table, columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    missing = dict.fromkeys((column.name for column in columns), 0)
    numbers: dict[str, list[Any]] = {column.name: [] for column in columns if column.type in ("int", "float")}
    for batch in table.batches([column.name for column in columns], typed=True):
        for column in columns:
            values = batch.column(column.name)
            if column.name in numbers:
                numbers[column.name].append(values.drop_null().to_numpy(zero_copy_only=False).astype(np.float64))
                missing[column.name] += values.null_count
            elif column.type == "boolean":
                missing[column.name] += values.null_count
            else:
                missing[column.name] += sum(1 for value in values.to_pylist() if not value)
    found = []
    for column in columns:
        entry: dict[str, Any] = {"name": column.name, "type": column.type, "missing": missing[column.name]}
        values = np.concatenate(numbers[column.name]) if numbers.get(column.name) else np.empty(0)
        if len(values):
            entry["mean"] = float(np.mean(values))
            entry["quantiles"] = {
                str(quantile): float(value)
                for quantile, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)
            }
        found.append(entry)
    return found
