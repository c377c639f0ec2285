"""A job as it is followed: lanes that move on a terminal, a line for each change elsewhere, JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from interconn.cli.options import Common
from interconn.cli.wording import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from interconn.api.jobs import JobEvent, JobView, PartyView, TaskView

_STYLES = {"RUNNING": "blue", "SUCCESS": "green", "FAILED": "red", "READY": "cyan", "PENDING": "dim"}


def follow(job_id: str, common: Common) -> int:
    """Follow a job to its end and return the exit status: 0 only if it succeeded.

    Args:
        job_id: the job.
        common: options.
    """
    from interconn.cli.output import json_text

    with common.node(patient=False) as node:
        seen = Seen()
        events = node.jobs.watch(job_id)
        if common.json:
            for event in events:
                seen.take(event)
                print(json_text(event.to_wire()), flush=True)
        elif sys.stdout.isatty():
            _show_lanes(events, seen)
        else:
            for line in lines(events, seen):
                print(line, flush=True)
    return 0 if seen.job and seen.job.outcome == "SUCCESS" else 1


@dataclass
class Seen:
    """What is known of a job by the events so far."""

    job: JobView | None = None
    tasks: dict[str, TaskView] = field(default_factory=dict)
    parties: dict[tuple[str, str], PartyView] = field(default_factory=dict)

    def take(self, event: JobEvent) -> None:
        """Take note of an event."""
        self.job = event.job or self.job
        if event.task:
            self.tasks[event.task_id] = event.task
        if event.party:
            self.parties[event.task_id, event.party.role] = event.party

    def name_of(self, task_id: str) -> str:
        """Return the name of a task in the DAG; its id where nobody has told that."""
        task = self.tasks.get(task_id)
        return task.name if task and task.name else task_id

    def ending(self) -> str:
        """Return how the job ended, in one line."""
        from interconn.cli.output import plain

        if self.job is None:
            return ""
        reason = f": {plain(self.job.reason)}" if self.job.reason else ""
        return f"{self.job.job_id} {self.job.status.value} {self.job.outcome}{reason}"


def lines(events: Iterable[JobEvent], seen: Seen) -> Iterator[str]:
    """Yield a line for each change that a person would want to read in a log, and the end."""
    from interconn.cli.output import plain

    told: dict[tuple[str, str], str] = {}
    for event in events:
        seen.take(event)
        if event.party:
            party = event.party
            line = f"{party.status.value}{_phase(party)}"
            if party.reason:
                line += f": {party.reason}"
            if told.get((event.task_id, party.role)) != line:
                told[event.task_id, party.role] = line
                yield plain(f"{seen.name_of(event.task_id)} {party.role} {party.node_id} {line}")
        if event.last:
            yield seen.ending()


def _phase(party: PartyView) -> str:
    """Return where a component is: each phase once, and each tenth of one that is counted."""
    progress = party.progress
    if progress is None or party.status.value == "SUCCESS" or not (progress.phase or progress.total):
        return ""
    tenth = f" {progress.done * 10 // progress.total * 10} %" if progress.total else ""
    return f" {progress.phase}{tenth}"


class _Screen(Protocol):
    def update(self, renderable: RenderableType, *, refresh: bool = False) -> None: ...


def _show_lanes(events: Iterable[JobEvent], seen: Seen) -> None:
    from rich.console import Console
    from rich.live import Live

    from interconn.cli.output import patience

    events = iter(events)
    with patience():
        first = next(events, None)
    if first is None:
        return
    seen.take(first)
    with Live(lanes(seen), console=Console(), refresh_per_second=4, vertical_overflow="crop") as live:
        _move_lanes(events, seen, live)
    print(seen.ending())


def _move_lanes(events: Iterable[JobEvent], seen: Seen, screen: _Screen) -> None:
    for event in events:
        seen.take(event)
        screen.update(lanes(seen))


def lanes(seen: Seen) -> RenderableType:
    """Return the lanes of a job as they stand: those that are over first, so that what moves is at the end."""
    from rich.table import Table
    from rich.text import Text

    from interconn.cli.output import plain

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (say("task"), say("party"), say("node"), say("status"), say("progress")):
        table.add_column(column, overflow="fold")
    order = list(seen.tasks)
    found = sorted(
        seen.parties.items(),
        key=lambda lane: (not lane[1].status.is_final, order.index(lane[0][0]) if lane[0][0] in order else 0),
    )
    for (task_id, role), party in found:
        status = Text(party.status.value, style=_STYLES.get(party.status.value, ""))
        cells = [Text(plain(text)) for text in (seen.name_of(task_id), role, party.node_id)]
        table.add_row(*cells, status, _bar(party))
    if seen.job:
        table.title = plain(f"{seen.job.job_id} {seen.job.status.value}")
        table.title_justify = "left"
    return table


def _bar(party: PartyView) -> RenderableType:
    from rich.columns import Columns
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    from interconn.cli.output import plain

    progress = party.progress
    if party.reason:
        return Text(plain(party.reason))
    if progress is None or party.status.is_final:
        return Text("")
    if not progress.total:
        return Text(plain(progress.phase))
    counted = Text(plain(f"{progress.phase} {progress.done}/{progress.total}"))
    return Columns([ProgressBar(total=progress.total, completed=min(progress.done, progress.total), width=20), counted])
