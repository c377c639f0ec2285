"""Real processes: launched once, found again, stopped, and their end read by whoever comes later."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interconn.components import supervisor
from interconn.components.launcher import ProcessLauncher, Situation


def launcher(code: str, *, grace_seconds: float = 5.0) -> ProcessLauncher:
    return ProcessLauncher(command=[sys.executable, "-I", "-S", "-c", code], grace_seconds=grace_seconds)


async def launched(one: ProcessLauncher, directory: Path, environment: dict[str, str] | None = None) -> None:
    await asyncio.to_thread(one.launch, directory, environment or {})


def component_pid(directory: Path) -> int:
    return int(json.loads((directory / "process.json").read_bytes())["component"]["pid"])


def supervisor_pid(directory: Path) -> int:
    return int(json.loads((directory / "process.json").read_bytes())["supervisor"]["pid"])


WAITS = "import sys, time; print('ready', flush=True); time.sleep(600)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
)


def wait_until_logged(directory: Path) -> None:
    while not (directory / "stdout.log").exists() or not (directory / "stdout.log").stat().st_size:
        time.sleep(0.01)


async def until_logged(directory: Path) -> None:
    await asyncio.to_thread(wait_until_logged, directory)


def wait_until_gone(pid: int) -> None:
    state = Path(f"/proc/{pid}/stat")
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


def told_by_the_system(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


@pytest.mark.parametrize(("code", "status", "reason"), [
    ("raise SystemExit(0)", 0, ""),
    ("raise SystemExit(1)", 1, "exit status 1"),
    ("import os; os.kill(os.getpid(), 9)", 137, "exit status 137, killed by SIGKILL"),
    ("raise SystemExit(200)", 200, "exit status 200"),
])  # fmt: skip
async def test_exit_status_is_the_result_cmp_g4_1_1_2_exit(tmp_path: Path, code: str, status: int, reason: str) -> None:
    one = launcher(code)
    await launched(one, tmp_path / "a")
    ended = await one.wait(tmp_path / "a")
    assert (ended.status, ended.reason) == (status, reason)
    assert one.situation(tmp_path / "a") is Situation.ENDED


async def test_environment_is_exactly_what_was_given(tmp_path: Path) -> None:
    given = {"config.token": "secret", "runtime.component.parameter.名": '{"a": "ü\n"}', "PLAIN": ""}
    one = launcher("import os; print(dict(os.environb))")
    await launched(one, tmp_path / "a", given)
    await one.wait(tmp_path / "a")
    seen = eval((tmp_path / "a" / "stdout.log").read_text())
    seen.pop(b"LC_CTYPE", None)  # the interpreter sets it for itself (PEP 538)
    assert seen == {name.encode(): value.encode() for name, value in given.items()}


async def test_no_command_line_shows_the_token(tmp_path: Path) -> None:
    one = launcher(WAITS)
    await launched(one, tmp_path / "a", {"config.token": "very-secret"})
    await until_logged(tmp_path / "a")
    for pid in (component_pid(tmp_path / "a"), supervisor_pid(tmp_path / "a")):
        assert b"very-secret" not in told_by_the_system(pid, "cmdline")
    assert b"very-secret" not in told_by_the_system(supervisor_pid(tmp_path / "a"), "environ")
    await one.stop(tmp_path / "a")


async def test_a_second_launch_adopts_the_first(tmp_path: Path) -> None:
    one, other = launcher(WAITS), launcher(WAITS)
    await asyncio.gather(launched(one, tmp_path / "a"), launched(other, tmp_path / "a"), launched(one, tmp_path / "a"))
    await until_logged(tmp_path / "a")
    assert other.situation(tmp_path / "a") is Situation.RUNNING
    pid = component_pid(tmp_path / "a")
    await launched(other, tmp_path / "a")
    assert component_pid(tmp_path / "a") == pid
    await other.stop(tmp_path / "a")
    assert (await one.wait(tmp_path / "a")).status == 143
    assert (tmp_path / "a" / "stdout.log").read_text() == "ready\n"


async def test_a_launch_after_the_end_does_not_run_it_again(tmp_path: Path) -> None:
    one = launcher("print('once')")
    await launched(one, tmp_path / "a")
    await one.wait(tmp_path / "a")
    await launched(one, tmp_path / "a")
    assert (await one.wait(tmp_path / "a")).status == 0
    assert (tmp_path / "a" / "stdout.log").read_text() == "once\n"


async def test_stop_kills_what_ignores_sigterm(tmp_path: Path) -> None:
    one = launcher(IGNORES_SIGTERM, grace_seconds=0.05)
    await launched(one, tmp_path / "a")
    await until_logged(tmp_path / "a")
    await one.stop(tmp_path / "a")
    assert (await one.wait(tmp_path / "a")).status == 137


async def test_stop_of_what_has_ended_changes_nothing(tmp_path: Path) -> None:
    one = launcher("pass")
    await launched(one, tmp_path / "a")
    await one.wait(tmp_path / "a")
    await one.stop(tmp_path / "a")
    assert (await one.wait(tmp_path / "a")).status == 0


async def test_no_child_of_a_component_is_left(tmp_path: Path) -> None:
    code = "import os, time\npid = os.fork()\nif pid: print(pid, flush=True)\nelse: time.sleep(600)"
    one = launcher(code)
    await launched(one, tmp_path / "a")
    await one.wait(tmp_path / "a")
    child = int((tmp_path / "a" / "stdout.log").read_text())
    await asyncio.to_thread(wait_until_gone, child)


async def test_a_component_outlives_the_node_and_is_found_again(tmp_path: Path) -> None:
    directory = tmp_path / "a"
    go = tmp_path / "go"
    waits_for_file = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nraise SystemExit(7)"
    node = (
        "import os, pathlib, signal\n"
        "from interconn.components.launcher import ProcessLauncher\n"
        f"ProcessLauncher(command={[sys.executable, '-I', '-S', '-c', waits_for_file]!r})"
        f".launch(pathlib.Path({str(directory)!r}), {{}})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", node], check=False)
    assert ended.returncode == -signal.SIGKILL
    later = launcher("raise AssertionError")
    assert later.situation(directory) is Situation.RUNNING
    go.touch()
    assert (await later.wait(directory)).status == 7


async def test_an_end_that_nobody_saw_is_a_failure_and_leaves_nothing_running(tmp_path: Path) -> None:
    one = launcher(WAITS)
    await launched(one, tmp_path / "a")
    await until_logged(tmp_path / "a")
    component = component_pid(tmp_path / "a")
    os.kill(supervisor_pid(tmp_path / "a"), signal.SIGKILL)
    ended = await one.wait(tmp_path / "a")
    assert ended.status != 0
    assert "supervisor" in ended.reason
    await asyncio.to_thread(wait_until_gone, component)


async def test_a_reused_process_id_is_not_signalled(tmp_path: Path) -> None:
    bystander = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    (tmp_path / "work").mkdir()
    identity = {"pid": bystander.pid, "start": "1"}
    process = {"boot": supervisor.boot(), "supervisor": identity, "component": identity}
    (tmp_path / "process.json").write_text(json.dumps(process))
    (tmp_path / "lock").touch()
    ended = await launcher("pass").wait(tmp_path)
    assert ended.status != 0
    assert bystander.returncode is None
    os.kill(bystander.pid, 0)
    bystander.kill()
    assert await bystander.wait() == -signal.SIGKILL


async def test_a_command_that_is_not_there_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    one = ProcessLauncher(command=[str(tmp_path / "nothing")])
    await launched(one, tmp_path / "a")
    ended = await one.wait(tmp_path / "a")
    assert ended.reason == "exit status 126, it could not be started: No such file or directory"


def test_a_directory_in_which_nothing_was_launched(tmp_path: Path) -> None:
    assert launcher("pass").situation(tmp_path / "none") is Situation.NOTHING
    (tmp_path / "lock").touch()
    assert launcher("pass").situation(tmp_path) is Situation.NOTHING


async def test_a_node_that_dies_before_it_has_said_all_launches_nothing(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    try:
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-I", "-S", supervisor.__file__, str(tmp_path), str(lock)],
            input=b'{"command": ["/bin/true"], "envir',
            pass_fds=(lock,),
            stderr=subprocess.DEVNULL,
            check=False,
        )
    finally:
        os.close(lock)
    assert ended.returncode != 0
    assert launcher("pass").situation(tmp_path) is Situation.NOTHING
