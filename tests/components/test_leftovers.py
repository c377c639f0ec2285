"""What killed components and nodes leave in working directories and storage is removed."""

import os
from pathlib import Path

from interconn.components.launcher import ProcessLauncher
from interconn.components.leftovers import Leftovers


def leftovers(folder: Path) -> Leftovers:
    return Leftovers(
        launcher=ProcessLauncher(), tasks_directory=folder / "tasks", storage_address=f"file://{folder}/storage"
    )


def test_working_directory_of_an_ended_component_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    ended, never = (tmp_path / "tasks" / "task_1" / party for party in ("guest.0", "host.0"))
    for directory in (ended, never):
        (directory / "work").mkdir(parents=True)
        (directory / "work" / "spool").write_text("keys")
        (directory / "lock").touch()
    (ended / "exit.json").write_text("{}")
    leftovers(tmp_path).clear_ended()
    assert not (ended / "work").exists()
    assert (never / "work" / "spool").exists()


def test_unfinished_output_is_swept(tmp_path: Path) -> None:
    draft = tmp_path / "storage" / "job-1-guest-0" / ".0123456789abcdef"
    draft.mkdir(parents=True)
    (draft / "data_0").write_text("id,income")
    os.utime(draft, (0, 0))
    leftovers(tmp_path).sweep()
    assert not draft.exists()


def test_storage_elsewhere_is_left_alone(tmp_path: Path) -> None:
    address = "s3://store.example:9000?username=u&password=p"
    Leftovers(launcher=ProcessLauncher(), tasks_directory=tmp_path, storage_address=address).sweep()
