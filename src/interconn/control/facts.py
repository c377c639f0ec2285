"""What watchers of a job are told: each fact whole, under the number of its last change.

A fact that changes takes the place of what it was, so what is kept of a job does not grow with time, a watcher that
is slow misses nothing but what has been overtaken, and one that comes again is told what has changed since.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from interconn.api.jobs import JobEvent, JobView

Key = tuple[str, ...]


class Facts:
    """The facts about one job.

    Attributes:
        ended: the job has ended, and the last of them is known.
    """

    def __init__(self) -> None:
        self.ended = False
        self._life = secrets.token_hex(4)  # numbers of another life, say before a restart, mean nothing
        self._number = 0
        self._known: dict[Key, JobEvent] = {}
        self._numbers: dict[Key, int] = {}

    def take(self, view: JobView, *, ended: bool) -> bool:
        """Take note of how a job stands; return whether anything of it is news.

        Args:
            view: the job as its watchers see it.
            ended: nothing will follow.
        """
        news = False
        for key, event in _facts(view, ended):
            known = self._known.get(key)
            if known is not None and _same(known, event):
                continue
            self._number += 1
            self._known[key] = event.model_copy(update={"id": f"{self._life}-{self._number}"})
            # Taken out first, so that the facts stay in the order of their numbers.
            self._numbers.pop(key, None)
            self._numbers[key] = self._number
            news = True
        self.ended = self.ended or ended
        return news

    def number_of(self, event_id: str) -> int:
        """Return up to where somebody knows the facts who names an event; 0 where that says nothing here."""
        life, _, number = event_id.partition("-")
        if life != self._life or not (number.isascii() and number.isdecimal() and len(number) < 16):
            return 0
        return int(number) if int(number) <= self._number else 0

    def after(self, number: int) -> list[JobEvent]:
        """Return the facts that have changed since, in the order in which they did."""
        found = []
        for key in reversed(self._numbers):
            if self._numbers[key] <= number:
                break
            found.append(self._known[key])
        return found[::-1]

    @property
    def number(self) -> int:
        """Of the last change."""
        return self._number


def _facts(view: JobView, ended: bool) -> Iterator[tuple[Key, JobEvent]]:
    job = JobEvent(id="", kind="job", job_id=view.job_id, job=view.model_copy(update={"tasks": []}), last=ended)
    if not ended:
        yield ("job",), job
    for task in view.tasks:
        told = task.model_copy(update={"parties": []})
        yield ("task", task.task_id), JobEvent(id="", kind="task", job_id=view.job_id, task_id=task.task_id, task=told)
        for party in task.parties:
            yield (
                ("party", task.task_id, party.role),
                JobEvent(id="", kind="party", job_id=view.job_id, task_id=task.task_id, party=party),
            )
    if ended:
        yield ("job",), job


def _same(known: JobEvent, event: JobEvent) -> bool:
    if known.job and event.job:
        # How much has passed changes all the time; it is told with the next news.
        event = event.model_copy(
            update={"job": event.job.model_copy(update={"session_bytes": known.job.session_bytes})}
        )
    return known.model_copy(update={"id": ""}) == event
