"""The policy in force: read from its file, kept when that breaks, taken up again when it changes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.policy_file import FILE_NAME, MAXIMUM_BYTES, Policy, policy_digest, read_policy
from interconn.management.policy.tables import PolicyVersion
from interconn.standard.errors import ConfigurationError
from interconn.state.clock import Clock
from interconn.state.database import Database, announce
from interconn.trail import entries

log = structlog.get_logger()

POLICY_TOPIC: Final = "policy"
LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True)
class InForce:
    """A policy and what it is recorded by.

    Attributes:
        policy: what is declared.
        digest: of its file; empty where there never was one.
        text: the file.
        fault: why the file as it is now is not followed; nothing new is decided automatically then.
    """

    policy: Policy = field(default_factory=Policy)
    digest: str = ""
    text: str = ""
    fault: str = ""


class PolicyKeeper:
    """Keeps the policy of a node.

    Each policy that is taken up is kept in the database with its digest: the last good one outlives a restart, and
    an auditor can read what a decision followed.

    Args:
        path: of the file; None for a node without one, as tests have it.
        database: where policies are kept.
        clock: time.
    """

    def __init__(self, path: Path | None, database: Database, clock: Clock) -> None:
        self._path = path
        self._database = database
        self._clock = clock
        self._seen: tuple[int, ...] | None = None
        self._looking = asyncio.Lock()
        self.in_force = InForce()

    async def start(self) -> None:
        """Take up the policy: that of the file, or the last good one if the file is broken.

        Raises:
            ConfigurationError: the file is broken and there never was a good one; no node starts on a guess.
        """
        newest = select(PolicyVersion).order_by(PolicyVersion.number.desc()).limit(1)
        last = await self._database.read(lambda session: session.scalar(newest))
        if last:
            text = last.text.encode()
            self.in_force = InForce(read_policy(text), last.digest, last.text)
        await self.refresh()
        if self.in_force.fault and not last:
            raise ConfigurationError(
                f"the policy cannot be used: {self.in_force.fault}",
                where=str(self._path),
                hint="Mend it, or remove it; 'interconn policy check FILE' tells whether it is right",
            )

    async def refresh(self) -> None:
        """Take up the file if it has changed; one that is broken, or gone, leaves the last good one in force."""
        if self._path is None:
            return
        async with self._looking:
            present = _standing(self._path)
            if present == self._seen:
                return
            try:
                await self._take_up(_read(self._path), bool(self.in_force.digest))
            except ConfigurationError as error:
                self._keep(str(error))
            self._seen = present

    async def run(self) -> None:
        """Look at the file now and then, until cancelled."""
        while True:
            await self.refresh()
            await self._clock.sleep(LOOK_SECONDS)

    def warnings(self) -> list[str]:
        """Return what a person has to know of the policy."""
        if not self.in_force.fault:
            return []
        return [f"the policy of {self.in_force.digest[:16]} stays in force, its file is broken: {self.in_force.fault}"]

    async def _take_up(self, text: bytes | None, had_one: bool) -> None:
        if text is None:
            if had_one:
                raise ConfigurationError("is gone", where=FILE_NAME, hint="An empty file declares nothing")
            return
        policy, digest = read_policy(text), policy_digest(text)
        known = InForce(policy, digest, text.decode())
        if digest != self.in_force.digest:
            await self._database.write(lambda session: self._record(session, known))
            log.info("policy taken up", digest=digest)
        self.in_force = known
        self._database.signals.notify(POLICY_TOPIC)

    def _record(self, session: Session, known: InForce) -> None:
        now = self._clock.now()
        session.add(PolicyVersion(digest=known.digest, text=known.text, taken_up_at=now))
        entries.record(
            session,
            at=now,
            actor="system",
            action="policy.taken_up",
            subject=f"policy:{known.digest}",
            clause="extension",
            # With its text: what a rule said that decided is asked of an export, where there is no node to tell.
            details={"digest": known.digest, "before": self.in_force.digest, "text": known.text},
        )
        announce(session, POLICY_TOPIC)

    def _keep(self, fault: str) -> None:
        if fault != self.in_force.fault:
            log.warning("the policy file is not followed", reason=fault, in_force=self.in_force.digest)
        before = self.in_force
        self.in_force = InForce(before.policy, before.digest, before.text, fault)


def _standing(path: Path) -> tuple[int, ...] | None:
    """Return what changes with a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return (0,)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAXIMUM_BYTES:
                raise ConfigurationError(f"has more than {MAXIMUM_BYTES} bytes", where=FILE_NAME)
            return file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=FILE_NAME) from None
