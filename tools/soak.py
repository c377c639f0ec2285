"""Jobs between real nodes under random kill -9 of nodes, supervisors and components; then all books are compared.

    .venv/bin/python -m tools.soak --minutes 60 [--seed N] [--workers N] [--keep DIRECTORY]

Three institutions of this machine run the demonstration's job again and again, some at once; now and then somebody
stops one. All the while something is killed. When the time is over, nothing is killed any more, every job must end,
and what the nodes' databases say is compared job by job, task by task, share by share. Ends with 0 if the books agree,
nothing hangs, nothing runs on and nothing ran twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from interconn.api.audits import AuditKind
from interconn.components import supervisor
from interconn.lab import ledger
from interconn.lab.demo.events import BANK, INSTITUTIONS
from interconn.standard.errors import InterconnError
from interconn.state.database import Database
from interconn.state.engines import database_url
from tests.fault.network import Network, persist

END_SECONDS = 600.0
"""What the last jobs have to end once nothing is killed any more."""
STARTED = "the task has started"


@dataclass
class Soak:
    """One run.

    Attributes:
        network: the institutions.
        seed: of what is random.
        kills: what was killed how often.
        jobs: those that were started.
        stopped: those of them that somebody asked to stop.
    """

    network: Network
    seed: int
    pause_seconds: tuple[float, float] = (1.0, 5.0)
    kills: Counter[str] = field(default_factory=Counter)
    jobs: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, seconds: float, workers: int) -> None:
        """Run and stop jobs and kill what runs them for that long; then let all end."""
        people = [threading.Thread(target=self._work, args=(number,)) for number in range(workers)]
        killer = threading.Thread(target=self._kill)
        for thread in (*people, killer):
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in (*people, killer):
            thread.join()
        for name in INSTITUTIONS:
            if not self.network.lab.is_running(name):
                self.network.lab.start(name)

    def wait_for_the_end(self) -> None:
        """Wait until every node has closed every job, but not for ever: what hangs then is shown by the ledger."""
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            if not ledger.compare(self.books()).hung:
                return
            time.sleep(1.0)

    def books(self) -> list[ledger.Book]:
        """Read the books of all nodes."""
        return [asyncio.run(_read(self.network.lab.node(name).directory, name)) for name in INSTITUTIONS]

    # --- what people do ------------------------------------------------------------------------------------

    def _work(self, number: int) -> None:
        chance = random.Random(f"{self.seed}-{number}")  # noqa: S311 - to be repeated, not to be secret
        while not self.over.is_set():
            with suppress(InterconnError, AssertionError):  # a node that is away; the next job then
                self._one_job(chance)

    def _one_job(self, chance: random.Random) -> None:
        network = self.network
        bank = network.lab.client(BANK)
        job_id = bank.jobs.propose(network.flow_id, network.config).job_id
        network.approve_until(AuditKind.JOB, job_id)
        if self.over.is_set():
            return
        persist(lambda: bank.jobs.run(job_id), "the start of the job")
        self.jobs.append(job_id)
        if chance.random() < 0.2:
            self.over.wait(chance.uniform(0.0, 6.0))
            self.stopped.append(job_id)
            persist(lambda: network.lab.client(chance.choice(INSTITUTIONS)).jobs.stop(job_id), "the stop")
        persist(lambda: bank.jobs.show(job_id).outcome or None, "the end of the job", seconds=180.0)

    # --- what kills ----------------------------------------------------------------------------------------

    def _kill(self) -> None:
        chance = random.Random(f"{self.seed}-killer")  # noqa: S311
        while not self.over.is_set():
            self.over.wait(chance.uniform(*self.pause_seconds))
            what = chance.choice(("node", "node", "supervisor", "component"))
            name = chance.choice(INSTITUTIONS)
            if what == "node":
                self.network.lab.kill(name)
                self.kills[what] += 1
                time.sleep(chance.uniform(0.0, 2.0))
                with suppress(InterconnError):
                    self.network.lab.start(name)
            elif self._kill_process(what, self.network.lab.node(name).directory, chance):
                self.kills[what] += 1

    def _kill_process(self, what: str, home: Path, chance: random.Random) -> bool:
        running = [found for found in (home / "tasks").glob("*/*/process.json") if not _ended(found.parent)]
        if not running:
            return False
        with suppress(OSError, ValueError):
            process = json.loads(chance.choice(running).read_text()).get(what)
            if process and supervisor.start_time(process["pid"]) == process["start"]:
                os.kill(process["pid"], signal.SIGKILL)
                return True
        return False

    # --- what is left --------------------------------------------------------------------------------------

    def left_behind(self) -> list[str]:
        """Return what runs or lies about though all has ended."""
        found = []
        for name in INSTITUTIONS:
            home = self.network.lab.node(name).directory
            for file in (home / "tasks").glob("*/*/process.json"):
                process = json.loads(file.read_text())
                for what in ("supervisor", "component"):
                    one = process.get(what)
                    if one and supervisor.start_time(one["pid"]) == one["start"]:
                        found.append(f"{file.parent.relative_to(home)}: its {what} runs at {name}")
            found += [f"{work.relative_to(home)} at {name}" for work in (home / "tasks").glob("*/*/work")]
        return found

    def ran_twice(self) -> list[str]:
        """Return the shares whose component began its work more than once, by their own logs."""
        found = []
        for name in INSTITUTIONS:
            for share in (self.network.lab.node(name).directory / "tasks").glob("*/*"):
                starts = sum(file.read_text(errors="replace").count(STARTED) for file in share.glob("log/**/*.log"))
                if starts > 1:
                    found.append(f"{share.parent.name} {share.name} at {name}: {starts} times")
        return found


async def _read(home: Path, node_id: str) -> ledger.Book:
    database = Database(database_url(home / "state" / "node.db"))
    try:
        return await database.read(lambda session: ledger.read(session, node_id))
    finally:
        database.close()


def _ended(directory: Path) -> bool:
    return (directory / "exit.json").exists()


def soak(directory: Path, *, seconds: float, seed: int, workers: int = 3) -> tuple[Soak, ledger.Ledger]:
    """Make a network, run it under fire for a time, let all end, and compare the books; the nodes are stopped then."""
    network = Network(directory)
    run = Soak(network, seed)
    try:
        run.run(seconds, workers)
        run.wait_for_the_end()
        for name in INSTITUTIONS:  # what a node removes after the end of a component, it removes at the latest here
            network.lab.stop(name)
            network.lab.start(name)
        found = ledger.compare(run.books())
        found.left_behind += run.left_behind()
        found.differing += [f"ran twice: {line}" for line in run.ran_twice()]
        known = set(run.books()[0].jobs)
        found.hung += [f"{job_id}: it was started and nobody schedules it" for job_id in set(run.jobs) - known]
    finally:
        network.lab.down(keep=True)
    return run, found


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=None, help="of what is random; told at the end")
    parser.add_argument("--workers", type=int, default=3, help="jobs at once")
    parser.add_argument("--keep", type=Path, help="leave the nodes' directories here")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    with tempfile.TemporaryDirectory() as folder:
        directory = chosen.keep or Path(folder) / "soak"
        run, found = soak(directory, seconds=chosen.minutes * 60, seed=seed, workers=chosen.workers)
    kills = ", ".join(f"{what} {count}" for what, count in sorted(run.kills.items())) or "nothing"
    sys.stdout.write(f"seed {seed}, {chosen.minutes:g} minutes, killed: {kills}; asked to stop {len(run.stopped)}\n")
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main())
