"""Which process is a node, and what a person is told of one that ended."""

import os
import subprocess
import sys
from pathlib import Path

from interconn.lab import processes


def test_another_process_under_the_id_is_not_taken_for_the_node(tmp_path: Path) -> None:
    assert not processes.is_running(os.getpid(), tmp_path)


def test_a_process_that_ended_does_not_run(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)", "node", "run", "--home", str(tmp_path)]
    with subprocess.Popen(sleeper) as process:
        assert processes.is_running(process.pid, tmp_path)
        process.kill()
        while processes.is_running(process.pid, tmp_path):
            pass
    assert not processes.is_running(process.pid, tmp_path)


def test_a_node_whose_name_begins_like_anothers_is_told_apart(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)", "node", "run", "--home", str(tmp_path / "node-10")]
    with subprocess.Popen(sleeper) as process:
        assert processes.is_running(process.pid, tmp_path / "node-10")
        assert not processes.is_running(process.pid, tmp_path / "node-1")
        process.kill()


def test_the_last_lines_of_a_log_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    assert processes.last_lines(log) == "    (nothing)"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert processes.last_lines(log, 2) == "    line 98\n    line 99"
