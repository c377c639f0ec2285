"""What whoever watches the demonstration is told."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from interconn.api.jobs import JobView

BANK = "bank"
OPERATOR = "operator"
CLEARING_HOUSE = "clearing-house"
INSTITUTIONS = (BANK, OPERATOR, CLEARING_HOUSE)


class Phase(StrEnum):
    """The parts of the demonstration, in order."""

    NODES = "start three nodes"
    CONTRACTS = "sign contracts"
    DATA = "publish data sets"
    GRANTS = "grant a data set"
    PROJECT = "approve a project"
    COMPONENTS = "find components"
    FLOW = "approve a flow"
    APPROVAL = "approve a job"
    JOB = "run the job"
    CHECK = "check the result"


class Listener(Protocol):
    """Is told what happens; calls may come from several threads."""

    def begin(self, phase: Phase) -> None:
        """A phase begins."""

    def end(self, phase: Phase, seconds: float) -> None:
        """A phase has ended well."""

    def act(self, institution: str, text: str, **values: object) -> None:
        """An institution's person does something; `text` names values as `{name}`."""

    def job(self, institution: str, job: JobView) -> None:
        """The job as an institution's node sees it now."""


class Stopwatch:
    """Tells a listener of phases, and keeps how long each took."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Time a phase; one that fails has no end."""
        self._listener.begin(phase)
        begun = time.monotonic()
        yield
        self.seconds[phase.value] = round(time.monotonic() - begun, 3)
        self._listener.end(phase, self.seconds[phase.value])
