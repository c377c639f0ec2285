"""Drafts of writers that were killed do not stay, and those of the living do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore

WRITER = """
import sys, time
from pathlib import Path
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
with FileStore(Path(sys.argv[1])).create(DatasetName("job", "out")) as draft:
    file = draft.open()
    file.write(b"id,income")
    file.flush()
    print("written", flush=True)
    time.sleep(60)
"""


def drafts(root: Path, *, age: float) -> list[Path]:
    found = [path for path in (root / "job").iterdir() if path.name.startswith(".")]
    for path in found:
        long_ago = path.stat().st_mtime - age
        os.utime(path, (long_ago, long_ago))
    return found


@pytest.fixture
def writer(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"written\n"
    yield process
    process.kill()
    process.communicate()


def test_draft_of_a_killed_writer_is_removed(tmp_path: Path, writer: "subprocess.Popen[bytes]") -> None:
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert len(drafts(tmp_path, age=60)) == 1
    assert FileStore(tmp_path).sweep() == 1
    assert drafts(tmp_path, age=0) == []


def test_draft_of_a_living_writer_stays(tmp_path: Path, writer: "subprocess.Popen[bytes]") -> None:
    assert len(drafts(tmp_path, age=3600)) == 1
    assert FileStore(tmp_path).sweep() == 0
    assert len(drafts(tmp_path, age=0)) == 1


def test_draft_that_was_just_made_and_hidden_names_of_others_stay(tmp_path: Path) -> None:
    for name in (".0123456789abcdef", ".snapshot", "out"):
        (tmp_path / "job" / name).mkdir(parents=True)
    os.utime(tmp_path / "job" / ".snapshot", (0, 0))
    os.utime(tmp_path / "job" / "out", (0, 0))
    assert FileStore(tmp_path).sweep() == 0
    os.utime(tmp_path / "job" / ".0123456789abcdef", (0, 0))
    assert FileStore(tmp_path).sweep() == 1
    assert sorted(path.name for path in (tmp_path / "job").iterdir()) == [".snapshot", "out"]


def test_store_that_was_never_written_to_has_nothing_to_sweep(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "none")
    assert store.sweep() == 0
    assert not store.exists(DatasetName("job", "out"))
