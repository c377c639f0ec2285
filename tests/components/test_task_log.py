"""Lines of a component's log and how much each matters (CMP-G4.1.1.2-stdout)."""

import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.components import log_files
from interconn.components.log_files import LONGEST_LINE, MARK_BYTES, LogFiles
from interconn.components.task_log import Severity, severity_of


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
    assert LogFiles().read(folders, 0, 100) == (
        ["a", "ERROR b", "  at c", "d", "\ufffd\ufffd", "last without a line feed"],
        6,
    )
    assert LogFiles().read(folders, 1, 1, level=Severity.ERROR) == (["  at c"], 2)
    assert LogFiles().read(folders, 3, 2) == (["d", "\ufffd\ufffd"], 6)


def test_a_line_without_an_end_takes_no_memory(tmp_path: Path) -> None:
    folder = write(tmp_path / "endless", b"x" * (3 * LONGEST_LINE) + b"\nnext\n")
    lines, total = LogFiles().read([folder], 0, 10)
    assert (len(lines[0]), lines[1], total) == (LONGEST_LINE, "next", 2)


def test_an_answer_ends_where_it_is_full_and_leaves_no_gap(tmp_path: Path) -> None:
    folder = write(tmp_path / "some", b"aaaa\nbbbbbbbbbb\nc\n")
    assert LogFiles().read([folder], 0, 10, most=6) == (["aaaa"], 3)
    assert LogFiles().read([folder], 1, 10, most=6) == (["bbbbbbbbbb"], 3)


class Reads:
    """Counts the bytes that are read of logs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        open_log = log_files.open_log

        def counted(path: Path) -> Any:
            return _Counted(open_log(path), self)

        monkeypatch.setattr(log_files, "open_log", counted)

    def taken(self) -> int:
        taken, self.bytes = self.bytes, 0
        return taken


class _Counted:
    def __init__(self, file: BinaryIO, reads: Reads) -> None:
        self._file, self._reads = file, reads

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._reads.bytes += len(line)
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def test_what_is_asked_for_is_read_and_what_has_come_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{number:07} {'ERROR' if number % 1000 == 7 else 'INFO'} {'x' * 80}" for number in range(60_000)]
    folder = write(tmp_path / "long", "".join(f"{line}\n" for line in lines).encode())
    whole = (folder / "stdout.log").stat().st_size
    assert whole > 20 * MARK_BYTES
    reads, files = Reads(monkeypatch), LogFiles()
    assert files.read([folder], 0, 2) == (lines[:2], 60_000)
    assert reads.taken() >= whole  # once, to count them
    for start in (59_999, 30_000, 12_345, 0):
        assert files.read([folder], start, 1) == ([lines[start]], 60_000)
        assert reads.taken() <= 2 * MARK_BYTES
    assert files.read([folder], 30, 1, level=Severity.ERROR) == ([lines[30_007]], 60)
    assert reads.taken() <= 2 * MARK_BYTES
    assert files.read([folder], 60_000, 10) == ([], 60_000)
    assert reads.taken() == 0
    with (folder / "stdout.log").open("ab") as log:
        log.write(b"one more\n")
    assert files.read([folder], 60_000, 10) == (["one more"], 60_001)
    assert reads.taken() <= MARK_BYTES + 200


def test_a_log_that_is_another_one_now_is_read_anew(tmp_path: Path) -> None:
    files = LogFiles()
    folder = write(tmp_path / "some", b"a\nb\nc\n")
    assert files.read([folder], 0, 9) == (["a", "b", "c"], 3)
    (folder / "stdout.log").write_bytes(b"d\n")
    assert files.read([folder], 0, 9) == (["d"], 1)
    (folder / "new").write_bytes(b"e\nf\ng\nh\n")
    (folder / "new").rename(folder / "stdout.log")
    assert files.read([folder], 0, 9) == (["e", "f", "g", "h"], 4)
    (folder / "stdout.log").unlink()
    assert files.read([folder], 0, 9) == ([], 0)


def test_a_line_that_goes_on_is_told_as_it_stands_and_counted_once(tmp_path: Path) -> None:
    files = LogFiles()
    folder = write(tmp_path / "some", b"first\nERR")
    assert files.read([folder], 0, 9) == (["first", "ERR"], 2)
    with (folder / "stdout.log").open("ab") as log:
        log.write(b"OR now\r\nlast\n")
    assert files.read([folder], 0, 9) == (["first", "ERROR now", "last"], 3)
    assert files.read([folder], 0, 9, level=Severity.ERROR) == (["ERROR now", "last"], 2)


def test_no_more_files_are_remembered_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "FILES_KEPT", 2)
    files = LogFiles()
    folders = [write(tmp_path / str(number), f"{number}\n".encode()) for number in range(5)]
    assert files.read(folders, 0, 9) == (["0", "1", "2", "3", "4"], 5)
    assert len(files._files) == 2


LINES = st.lists(st.sampled_from(["DEBUG a", "INFO b", "ERROR c", "d", "", "é", json.dumps({"level": "error"})]))


@given(parts=st.lists(st.tuples(LINES, st.booleans()), max_size=4), start=st.integers(0, 12),
       length=st.integers(0, 12), level=st.sampled_from(list(Severity)))  # fmt: skip
def test_however_it_grows_the_answer_is_that_of_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[list[str], bool]],
    start: int,
    length: int,
    level: Severity,
) -> None:
    folder = write(tmp_path_factory.mktemp("log") / "log", b"")
    files = LogFiles()
    text = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_files, "MARK_BYTES", 10)
        for lines, ends in parts:
            text += "\n".join(lines) + ("\n" if ends and lines else "")
            (folder / "stdout.log").write_text(text)
            severity, wanted = Severity.INFO, []
            for line in text.removesuffix("\n").split("\n") if text else []:
                severity = severity_of(line, severity)
                wanted += [line] if severity >= level else []
            assert files.read([folder], start, length, level=level) == (wanted[start : start + length], len(wanted))
