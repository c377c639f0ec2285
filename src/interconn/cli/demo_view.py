"""How a person watches the demonstration: lanes on a terminal, plain lines elsewhere; and its report."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from interconn.cli.output import print_card, print_table
from interconn.cli.wording import say
from interconn.lab.demo.events import INSTITUTIONS, Listener, Phase

if TYPE_CHECKING:
    from rich.console import RenderableType

    from interconn.api.jobs import JobView
    from interconn.lab.demo.report import Report

REFRESH_PER_SECOND = 8


class Silence:
    """Shows nothing: a machine reads the report."""

    def begin(self, phase: Phase) -> None:
        """See `Listener`."""

    def end(self, phase: Phase, seconds: float) -> None:
        """See `Listener`."""

    def act(self, institution: str, text: str, **values: object) -> None:
        """See `Listener`."""

    def job(self, institution: str, job: JobView) -> None:
        """See `Listener`."""


class Lines:
    """Shows each event as a line, for a log or a pipe."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown: dict[str, str] = {}

    def begin(self, phase: Phase) -> None:
        """See `Listener`."""
        self._print(f"== {say(phase.value)}")

    def end(self, phase: Phase, seconds: float) -> None:
        """See `Listener`."""

    def act(self, institution: str, text: str, **values: object) -> None:
        """See `Listener`."""
        self._print(f"{institution:15}{say(text, **values)}")

    def job(self, institution: str, job: JobView) -> None:
        """See `Listener`."""
        line = share(institution, job)
        if self._shown.get(institution) != line:
            self._shown[institution] = line
            self._print(f"{institution:15}{line}")

    def _print(self, line: str) -> None:
        print(f"{time.monotonic() - self._begun:6.2f} s  {line}", flush=True)


class Lanes:
    """Shows the phases, and one lane a party, all kept up to date in place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[Phase, float] = {}
        self._phase: Phase | None = None
        self._lanes = dict.fromkeys(INSTITUTIONS, "")

    def begin(self, phase: Phase) -> None:
        """See `Listener`."""
        with self._lock:
            self._phase = phase

    def end(self, phase: Phase, seconds: float) -> None:
        """See `Listener`."""
        with self._lock:
            self._seconds[phase] = seconds

    def act(self, institution: str, text: str, **values: object) -> None:
        """See `Listener`."""
        with self._lock:
            self._lanes[institution] = say(text, **values)

    def job(self, institution: str, job: JobView) -> None:
        """See `Listener`."""
        with self._lock:
            self._lanes[institution] = share(institution, job)

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.markup import escape
        from rich.table import Table

        phases = Table.grid(padding=(0, 2))
        lanes = Table.grid(padding=(0, 2))
        with self._lock:
            for phase in Phase:
                if phase in self._seconds:
                    phases.add_row("[green]✓[/green]", say(phase.value), f"{self._seconds[phase]:.2f} s")
                elif phase is self._phase:
                    phases.add_row("[yellow]▸[/yellow]", f"[bold]{say(phase.value)}[/bold]", "")
            for institution, text in self._lanes.items():
                lanes.add_row(f"[bold cyan]{institution}[/bold cyan]", escape(text))
        return Group(phases, "", lanes)


@contextlib.contextmanager
def open_stage(*, silent: bool) -> Iterator[Listener]:
    """Return what shows the demonstration while it runs.

    Args:
        silent: show nothing.
    """
    if silent:
        yield Silence()
    elif not sys.stdout.isatty():
        yield Lines()
    else:
        from rich.live import Live

        lanes = Lanes()
        with Live(lanes, refresh_per_second=REFRESH_PER_SECOND):
            yield lanes


def share(institution: str, job: JobView) -> str:
    """Return one line for how the job stands at one institution's node."""
    parts = [f"{say('job')} {job.status.value}"]
    for task in job.tasks:
        own = next((party for party in task.parties if party.node_id == institution), None)
        if own is None:
            parts.append(f"{task.name} {task.status.value}")
            continue
        words = f"{task.name} {own.status.value}"
        if own.progress and own.progress.phase and not own.status.is_final:
            words += f" {own.progress.phase}"
            if own.progress.total:
                words += f" {100 * own.progress.done // own.progress.total} %"
        # The job's reason repeats that of the task it failed for.
        parts.append(f"{words}: {own.reason}" if own.reason and own.reason not in job.reason else words)
    if job.reason:
        parts.append(job.reason)
    return " · ".join(parts)


def print_report(report: Report) -> None:
    """Print the end of the demonstration."""
    from interconn.lab.demo.events import Phase

    print()
    if report.right:
        print(
            say("The result is right: {rows} customers in common, as in the plaintext join.", rows=report.expected_rows)
        )
    else:
        print(say("The result is NOT right.") if report.outcome == "SUCCESS" else say("The job did not succeed."))
        for fault in [*([report.reason] if report.reason else []), *report.faults]:
            print(f"  {fault}")
    print_card(
        "",
        [
            (say("job"), f"{report.job_id} {report.outcome}"),
            (say("plaintext join"), say("{rows} rows", rows=report.expected_rows)),
            *(
                (say("rows at {institution}", institution=name), say("{rows} rows", rows=rows))
                for name, rows in report.rows.items()
            ),
            (
                say("between nodes"),
                say(
                    "{round_trips} round trips, {bytes} bytes",
                    round_trips=report.traffic.round_trips,
                    bytes=report.traffic.bytes,
                ),
            ),
            *((say(Phase(name).value), f"{seconds:.2f} s") for name, seconds in report.seconds.items()),
        ],
    )
    print()
    print_table(
        [say("institution"), say("task"), say("result"), say("lies in")],
        [[output.institution, output.task, output.name, output.place] for output in report.outputs],
        empty=say("no results"),
    )


def print_tour(network: Path, job_id: str = "", *, file: TextIO | None = None) -> None:
    """Print how to look around a network that was kept."""
    lines = [
        f"interconn lab status --home {network}",
        f"interconn peer list --home {network}/bank",
        f"interconn audit list --home {network}/operator",
        f"interconn job show {job_id} --home {network}/operator" if job_id else "",
        f"interconn lab down --home {network}",
    ]
    print("", say("The network goes on. Look around:"), *(f"  {line}" for line in lines if line), sep="\n", file=file)
