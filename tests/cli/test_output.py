"""Tables on a terminal and in a pipe."""

import io
import re

import pytest

from interconn.cli.output import print_table

COLUMNS = ["partner", "contract", "waits for", "reason"]
ROWS = [
    ["bank", "contract-2dd8b1b965ba4eac906980806f60a875", "a person here to compare the fingerprint", ""],
    ["clearing-house", "contract-7397c6bdcb6b43e2627e61028edaa094", "nobody", "over"],
]


class Terminal(io.StringIO):
    """Standard output as of a person."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, out: io.StringIO, columns: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", out)
    print_table(COLUMNS, ROWS, empty="none")
    return re.sub("\x1b\\[[0-9;]*m", "", out.getvalue()).splitlines()


def test_rows_that_a_terminal_is_too_narrow_for_are_cards_with_whole_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, Terminal(), 80)
    assert lines == [
        "partner    bank",
        "contract   contract-2dd8b1b965ba4eac906980806f60a875",
        "waits for  a person here to compare the fingerprint",
        "",
        "partner    clearing-house",
        "contract   contract-7397c6bdcb6b43e2627e61028edaa094",
        "waits for  nobody",
        "reason     over",
    ]


@pytest.mark.parametrize("out", [Terminal(), io.StringIO()], ids=["wide terminal", "pipe"])
def test_rows_that_fit_are_a_line_each(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, out, 160 if out.isatty() else 80)
    assert [line.split()[0] for line in lines] == ["partner", "bank", "clearing-house"]
