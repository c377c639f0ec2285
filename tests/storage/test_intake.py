"""The process of its own that takes in a file: it ends when nobody waits for it, and says why it failed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from interconn.standard.errors import DataError, StorageError
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.intake import take_in

NAME = DatasetName("datasets", "customers")

NODE = """
import sys
from pathlib import Path
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.intake import take_in
if __name__ == "__main__":
    print("began", flush=True)
    take_in(Path(sys.argv[1]), FileStore(Path(sys.argv[2])), DatasetName("a", "b"), key_columns=["id"], description="")
"""


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A table that is not read to its end within a test."""
    path = tmp_path / "endless.csv"
    os.mkfifo(path)
    return path


def take(path: Path, store: Path, given_up: threading.Event | None = None) -> None:
    take_in(path, FileStore(store), NAME, key_columns=["id"], description="", given_up=given_up)


def test_what_nobody_waits_for_is_given_up(tmp_path: Path, endless: Path) -> None:
    given_up = threading.Event()
    threading.Timer(0.5, given_up.set).start()
    with pytest.raises(StorageError, match="given up"):
        take(endless, tmp_path / "store", given_up)
    assert multiprocessing.active_children() == []


def test_process_ends_with_a_node_that_is_killed(tmp_path: Path, endless: Path) -> None:
    script = tmp_path / "node.py"
    script.write_text(NODE)
    node = subprocess.Popen([sys.executable, str(script), str(endless), str(tmp_path)], stdout=subprocess.PIPE)
    assert node.stdout and node.stdout.readline() == b"began\n"
    children = Path(f"/proc/{node.pid}/task/{node.pid}/children")
    deadline = time.monotonic() + 30
    spawned: list[int] = []
    while time.monotonic() < deadline and not spawned:
        running = [int(pid) for pid in children.read_text().split()]
        spawned = [pid for pid in running if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        time.sleep(0.05)
    time.sleep(0.5)
    node.send_signal(signal.SIGKILL)
    node.communicate()
    assert spawned
    while time.monotonic() < deadline and any(_lives(pid) for pid in spawned):
        time.sleep(0.05)
    assert not any(_lives(pid) for pid in spawned)


def test_file_that_opens_and_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        take(Path("/proc/self/mem"), tmp_path / "store")


def test_table_with_more_columns_than_a_table_may_have(tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text(",".join(["id", *(f"c{number}" for number in range(200_000))]) + "\n")
    with pytest.raises(DataError, match="200001 columns"):
        take(wide, tmp_path / "store")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
