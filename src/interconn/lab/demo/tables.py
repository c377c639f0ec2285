"""The two tables: German Credit split between bank and operator, or a user's own; and their plaintext join."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interconn.lab.demo.events import BANK, OPERATOR
from interconn.standard.errors import DataError

_SOURCE = Path(__file__).parents[1] / "data" / "german_credit.csv"
_SEED = 1994
_BANK_ROWS, _OPERATOR_ROWS, _SHARED_ROWS = 800, 750, 600
_KEY = "id"
_LABEL = "creditability"
_BANK_COLUMNS = (
    "status_of_existing_checking_account",
    "duration_in_month",
    "credit_history",
    "purpose",
    "credit_amount",
    "savings_account_and_bonds",
    "installment_rate_in_percentage_of_disposable_income",
    "other_debtors_or_guarantors",
    "other_installment_plans",
    "number_of_existing_credits_at_this_bank",
    _LABEL,
)
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Tables:
    """What the two institutions bring along.

    Attributes:
        bank: the bank's CSV file.
        operator: the operator's CSV file.
        key: the column that identifies a customer at the bank.
        operator_key: the same at the operator; empty if it has the same name there.
        label_columns: columns of the bank that hold a label.
    """

    bank: Path
    operator: Path
    key: str
    operator_key: str = ""
    label_columns: tuple[str, ...] = ()

    @property
    def keys(self) -> dict[str, str]:
        """The key's column by institution."""
        return {BANK: self.key, OPERATOR: self.operator_key or self.key}


def german_credit(directory: Path) -> Tables:
    """Write the German Credit data as two tables that share some customers, always the same ones.

    The bank has what a lender knows and the label, the operator the rest; each lacks customers that the other has,
    and each has its own order of rows.

    Args:
        directory: where the files go.
    """
    with _SOURCE.open(encoding="utf-8", newline="") as source:
        people = list(csv.DictReader(source))
    chance = random.Random(_SEED)  # noqa: S311 - the same tables every time; nothing here is secret
    for person, number in zip(people, chance.sample(range(100_000, 1_000_000), len(people)), strict=True):
        person[_KEY] = f"C{number}"
    chance.shuffle(people)
    bank = people[:_BANK_ROWS]
    operator = people[_BANK_ROWS - _SHARED_ROWS :][:_OPERATOR_ROWS]
    chance.shuffle(bank)
    chance.shuffle(operator)
    operator_columns = [column for column in people[0] if column not in (*_BANK_COLUMNS, _KEY)]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Tables(
        _write(directory / "bank.csv", (_KEY, *_BANK_COLUMNS), bank),
        _write(directory / "operator.csv", (_KEY, *operator_columns), operator),
        _KEY,
        label_columns=(_LABEL,),
    )


def read_keys(file: Path, key: str, *, option: str = "--key") -> list[str]:
    """Return the key of each row, in order, as it stands in the file.

    The check of the result must not rest on what it checks, so this reads CSV by itself.

    Args:
        file: UTF-8 or GB18030, separated by commas, semicolons, tabs or bars.
        key: the column.
        option: with which a person names the column.

    Raises:
        DataError: the file cannot be read, is empty, or has no such column.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror}", where=str(file)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    header = text.partition("\n")[0]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=max(_DELIMITERS, key=header.count))
    columns = [column.strip() for column in next(rows, [])]
    if not columns:
        raise DataError("the file is empty", where=str(file), hint="Name a CSV file that begins with names of columns")
    if key not in columns:
        raise DataError(
            f"the table has no column {key}",
            where=str(file),
            hint=f"It has {', '.join(columns)}; name the one that identifies a customer with {option}",
        )
    place = columns.index(key)
    return [row[place] for row in rows if len(row) > place]


def plaintext_join(tables: Tables) -> set[str]:
    """Return the keys that both tables have, which only the demonstration can know: it sees both."""
    keys = tables.keys
    return set(read_keys(tables.bank, keys[BANK])) & set(
        read_keys(tables.operator, keys[OPERATOR], option="--operator-key")
    )


def _write(file: Path, columns: Sequence[str], rows: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file
