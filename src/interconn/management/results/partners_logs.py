"""Which logs of this node's tasks partners may read (docs/policy.md); `interconn.control.log_release.LogRelease`."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.policy_file import Release
from interconn.components.task_log import Severity
from interconn.control.log_release import AskedLog, OwnShare
from interconn.management.causes import Cause
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.results.tables import Result, Standing
from interconn.peers.inbound import Caller
from interconn.state.clock import Clock

_DECISIONS_KEPT: Final = 4096
"""Decisions that are known to be in the audit trail; one beyond them is recorded again when it is asked again."""


class PartnersLogs:
    """Decides by declaration, and denies what is not declared.

    Args:
        clock: time.
        policy: what is declared.
    """

    def __init__(self, *, clock: Clock, policy: PolicyKeeper) -> None:
        self._clock = clock
        self._policy = policy
        self._recorded: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def withheld(self, session: Session, caller: Caller, asked: AskedLog) -> str:
        """See `LogRelease.withheld`.

        Recorded once a partner, log, level, policy and outcome: whoever follows a log asks every second.
        """
        why_not, name = self._decide(session, caller, asked)
        digest = self._policy.in_force.digest
        decision = (caller.node_id, asked.job_id, asked.task_name, asked.party, asked.level.name, name, why_not, digest)
        if decision not in self._recorded:
            Cause.caller(caller).record(
                session,
                at=self._clock.now(),
                action="log.withhold" if why_not else "log.tell",
                subject=f"log:{asked.job_id}/{asked.task_name}/{asked.party}"[:160],
                partner=caller.node_id,
                clause="extension",
                details={
                    "level": asked.level.name.lower(),
                    "component": asked.component,
                    "policy": digest,
                    **({"reason": why_not} if why_not else {"table": name}),
                },
            )
            self._recorded[decision] = None
            while len(self._recorded) > _DECISIONS_KEPT:
                self._recorded.popitem(last=False)
        return why_not

    def _decide(self, session: Session, caller: Caller, asked: AskedLog) -> tuple[str, str]:
        """Return why not, and by which table it is permitted otherwise."""
        in_force = self._policy.in_force
        fitting = [
            log
            for log in in_force.policy.log
            if caller.node_id in log.partners and (log.components is None or asked.component in log.components)
        ]
        # A broken policy decides nothing new.
        if in_force.fault or not fitting:
            return "the policy of this node does not let you read this log", ""
        widest = min(fitting, key=lambda log: Severity[log.level.name])
        if asked.level < Severity[widest.level.name]:
            return f"the policy of this node lets you read this log from level {widest.level.value} on", ""
        if _may_tell_of_held_results(session, asked, in_force.policy.release):
            return "results of this job wait for a decision on this node, or may yet", ""
        return "", widest.name


def _may_tell_of_held_results(session: Session, asked: AskedLog, releases: list[Release]) -> bool:
    """Tell whether a log of the job may hold what is in a result that this node's own people may not see.

    Any log of the job: what reads a result may write of it as well.
    """
    hidden = select(Result.number).where(Result.job_id == asked.job_id, Result.standing != Standing.RELEASED.value)
    if session.scalar(hidden.limit(1)) is not None:
        return True
    return any(not share.succeeded and any(_may_hold(release, share) for release in releases) for share in asked.shares)


def _may_hold(release: Release, share: OwnShare) -> bool:
    return (release.components is None or share.component in release.components) and (
        release.partners is None or not share.partners.isdisjoint(release.partners)
    )
