"""Runs one component, outlives the node, and writes down how the component ended.

    python -I -S supervisor.py DIRECTORY LOCK_DESCRIPTOR < order.json

The order comes on standard input and not on the command line, which every user of the machine can read: it holds
the component's environment and so its token. The lock is taken by the node and inherited here; it is held as long
as this process lives and not one moment less, so whoever finds it free knows that nobody runs the component.

A small process of its own, with the standard library alone and not even all of that: it imports nothing of ours.
"""

# pathlib and contextlib would double what this process weighs.
# ruff: noqa: PTH104, PTH118, PTH123, SIM105

import json
import os
import signal
import sys
import time

IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Read the order, leave the node's process tree, run the component, write its end."""
    directory, lock = sys.argv[1], int(sys.argv[2])
    os.set_inheritable(lock, False)  # the component must not hold it
    order = json.load(sys.stdin)  # a node that dies before it has said all leaves nothing behind
    started, tell_started = os.pipe()
    if os.fork():
        os.close(tell_started)
        os.read(started, 1)  # ends when the component runs, or its supervisor is gone
        os._exit(0)
    os.close(started)
    os.setsid()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    supervise(directory, order["command"], order["environment"], tell_started)


def supervise(directory: str, command: list[str], environment: dict[str, str], tell_started: int) -> None:
    """Run the component to its end."""
    process: dict[str, object] = {"boot": boot(), "supervisor": identity(os.getpid()), "component": None}
    # Written before and after: with `component` still empty the component may or may not have begun.
    write(directory, "process.json", process)
    os.chdir(os.path.join(directory, "work"))
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        component = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.path.join(directory, "stdout.log"), append, 0o600),
                (os.POSIX_SPAWN_OPEN, 2, os.path.join(directory, "stderr.log"), append, 0o600),
            ],
            setsid=True,
            setsigdef=[*IGNORED, signal.SIGPIPE, signal.SIGXFSZ],
        )
    except OSError as error:
        write_exit(directory, 126, "it could not be started: " + (error.strerror or type(error).__name__))
        return
    process["component"] = identity(component)
    try:
        write(directory, "process.json", process)
    except OSError:  # a full disk: what cannot be found again must not run
        kill_rest(component)
        raise
    os.close(tell_started)
    _, status = os.waitpid(component, 0)
    kill_rest(component)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        write_exit(directory, 128 - code, "killed by " + signal.Signals(-code).name)
    else:
        write_exit(directory, code, "")


def kill_rest(component: int) -> None:
    """End what the component left running in its process group."""
    try:
        os.killpg(component, signal.SIGKILL)
    except OSError:
        pass


def write_exit(directory: str, status: int, cause: str) -> None:
    """Write the end, once and for all."""
    write(directory, "exit.json", {"status": status, "cause": cause, "ended_at": time.time_ns() // 1_000_000})


def write(directory: str, name: str, content: object) -> None:
    """Write a file that is either not there or whole, also after a loss of power."""
    partial = os.path.join(directory, name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, json.dumps(content).encode())
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(partial, os.path.join(directory, name))


def identity(pid: int) -> dict[str, object]:
    """Return a process's id and start time; the id alone may be given to another process later."""
    return {"pid": pid, "start": start_time(pid)}


def start_time(pid: int) -> "str | None":
    """Return when a process started, in clock ticks since boot, where the system tells."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except OSError:
        return None


def boot() -> str:
    """Return an id of this run of the machine, where the system tells."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
