"""Lines of a component's log and how much each matters (CMP-G4.1.1.2-stdout)."""

from pathlib import Path

import pytest

from interconn.components.task_log import LONGEST_LINE, Severity, read_log, severity_of


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ('{"level": "DEBUG", "message": "ERROR is a word here"}', Severity.DEBUG),
        ('{"severity": "critical"}', Severity.ERROR),
        ('{"message": "ERROR without a level"}', Severity.INFO),
        ('{"level": 3}', Severity.INFO),
        ('{"level": "ERROR"', Severity.ERROR),
        ("{" * 5000 + "ERROR", Severity.DEBUG),
        ("2026-11-26 10:00:00,000 [WARNING] slow", Severity.INFO),
        ("[2026-11-26 10:00:00.000] [error] [link.cc:12] lost", Severity.ERROR),
        ("terrors and informants", Severity.DEBUG),
        ("", Severity.DEBUG),
        ("x" * 300 + " ERROR", Severity.DEBUG),
    ],
)
def test_how_much_a_line_matters(line: str, severity: Severity) -> None:
    assert severity_of(line, before=Severity.DEBUG) is severity


def write(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    (folder / "stdout.log").write_bytes(content)
    return folder


def test_logs_of_several_parties_follow_each_other(tmp_path: Path) -> None:
    one = write(tmp_path / "one", b"a\nERROR b\n  at c\n")
    two = write(tmp_path / "two", b"d\n\xff\xfe\nlast without a line feed")
    folders = [one, tmp_path / "none", two]
    assert read_log(folders, 0, 100) == (
        ["a", "ERROR b", "  at c", "d", "\ufffd\ufffd", "last without a line feed"],
        6,
    )
    assert read_log(folders, 1, 1, level=Severity.ERROR) == (["  at c"], 2)
    assert read_log(folders, 3, 2) == (["d", "\ufffd\ufffd"], 6)


def test_a_line_without_an_end_takes_no_memory(tmp_path: Path) -> None:
    folder = write(tmp_path / "endless", b"x" * (3 * LONGEST_LINE) + b"\nnext\n")
    lines, total = read_log([folder], 0, 10)
    assert (len(lines[0]), lines[1], total) == (LONGEST_LINE, "next", 2)


def test_an_answer_ends_where_it_is_full_and_leaves_no_gap(tmp_path: Path) -> None:
    folder = write(tmp_path / "some", b"aaaa\nbbbbbbbbbb\nc\n")
    assert read_log([folder], 0, 10, most=6) == (["aaaa"], 3)
    assert read_log([folder], 1, 10, most=6) == (["bbbbbbbbbb"], 3)
