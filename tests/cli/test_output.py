"""Tables on a terminal and in a pipe."""

import io
import json
import re

import pytest

from interconn.cli import application
from interconn.cli.output import print_card, print_json, print_next, print_table
from interconn.standard.errors import PeerRefused

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


COMMANDING = {
    "a colour": "\x1b[31mAPPROVED\x1b[0m",
    "a cursor that goes up and writes over": "\x1b[2A\x1b[2Kfingerprint  0000",
    "a title of the window": "\x1b]0;mallory\x07",
    "a control of eight bits": "\x9b31m",
    "a carriage return": "bank\rmallory",
    "another line": "bank\nnode  mallory",
    "a line of another alphabet": "bank\u2028node  mallory",
    "letters from right to left": "\u202eknab",
    "a mark of ours": "[bold red]bank[/]",
    "half of a pair": "\ud800",
    "a bell and a backspace": "\x07bank\x08\x08",
}


@pytest.mark.parametrize("text", COMMANDING.values(), ids=COMMANDING)
@pytest.mark.parametrize("out", [Terminal, io.StringIO], ids=["terminal", "pipe"])
def test_what_others_wrote_commands_no_terminal(
    text: str, out: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and reasons are a partner's; ours are the lines, and the colours of headings."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    for show in (
        lambda: print_table(["name"], [[text], [[text]]], empty=""),
        lambda: print_card(text, [("name", text)]),
        lambda: print_next(text),
        lambda: print_json({"name": text}),
    ):
        monkeypatch.setattr("sys.stdout", written := out())
        show()
        without_ours = re.sub("\x1b\\[[0-9;]*m", "", written.getvalue()) if "[31m" not in text else written.getvalue()
        assert "\x1b[31m" not in without_ours
        assert all(letter.isprintable() or letter == "\n" for letter in re.sub("\x1b\\[[0-9;]*m", "", without_ours))
        assert len(written.getvalue().splitlines()) <= 3
        without_ours.encode()  # no half of a pair is left


def test_json_of_what_others_wrote_is_what_they_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    wrote = {"name": [*COMMANDING.values(), "数据\u3000集", "\U000e0001"]}
    print_json(wrote)
    assert json.loads(capsys.readouterr().out) == wrote


def test_a_refusal_in_a_partners_words_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    application._tell(
        False, PeerRefused("no\x1b[2A\x1b[2K", peer_code=1, peer_message="", where="bank\x07", hint="\x9b1m")
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", capsys.readouterr().err)
    application._tell(True, PeerRefused("no\x9b2A", peer_code=1, peer_message=""))
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "no\x9b2A"
