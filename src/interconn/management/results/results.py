"""Decisions on results that are held: by a person, by two, or by the number of their rows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import results as api
from interconn.api.own import OwnService, Person
from interconn.api.rules import require_every_dataset
from interconn.control import jobs
from interconn.control.states import has_ended
from interconn.control.tables import Job
from interconn.management.approvals import opinions
from interconn.management.approvals.opinions import Decider
from interconn.management.approvals.tables import Opinion
from interconn.management.causes import Cause
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.results.holding import RESULT_TOPIC, note
from interconn.management.results.tables import Result, Standing
from interconn.standard.control import JobStatus
from interconn.standard.errors import IllegalTransition, InterconnError, InvalidRequest, NotFound, Refused
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore

log = structlog.get_logger()

_LOOK_SECONDS = 5.0


class Results:
    """Serves the calls about results, and does by itself what needs no person.

    Args:
        database: where results are kept.
        clock: time.
        policy: whose digest goes with a decision.
        storage: directory that holds results.
    """

    def __init__(self, *, database: Database, clock: Clock, policy: PolicyKeeper, storage: Path) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._storage = storage

    # --- this node's people ---------------------------------------------------------------------------------

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.RESULT_LIST, self._list),
            OwnService(api.RESULT_RELEASE, self._release),
            OwnService(api.RESULT_REFUSE, self._refuse),
        ]

    async def _list(self, _person: Person, request: api.ResultSearch) -> api.ResultViews:
        wanted = select(Result).order_by(Result.number)
        if request.job_id:
            wanted = wanted.where(Result.job_id == request.job_id)
        if request.standing:
            wanted = wanted.where(Result.standing == request.standing)

        def work(session: Session) -> list[api.ResultView]:
            found = list(session.scalars(wanted))
            approving = opinions.on_each(session, [matter(result) for result in found])
            return [self._view(result, approving.get(matter(result), [])) for result in found]

        return api.ResultViews(results=await self._database.read(work))

    async def _release(self, person: Person, request: api.ResultDecision) -> api.ResultView:
        require_every_dataset(person)

        def work(session: Session) -> api.ResultView:
            result = named(session, request.result)
            self._release_in(session, person, result, request.reason)
            return self._view(result, opinions.given(session, matter(result)))

        return await self._database.write(work)

    def _release_in(self, session: Session, person: Person, result: Result, reason: str) -> None:
        if result.standing == Standing.RELEASED:
            return
        _require_held(result, "released")
        if not result.checked:
            raise Refused(
                f"{result.reference} is not released before its rows are counted",
                where="result",
                hint="That takes a moment; try again",
            )
        decider = Decider(Cause.person(person), self._policy.in_force.digest, counts=person.is_somebody)
        if result.four_eyes:
            opinions.require_name(decider)
        given = opinions.given(session, matter(result))
        if result.four_eyes and not opinions.complete(given, decider):
            if all(one.actor != decider.actor for one in given):
                opinions.give(session, matter(result), decider, self._clock.now(), reason=reason)
                note(session, result, decider.cause, self._clock.now(), "opinion")
            return
        self._settle(session, result, Standing.RELEASED, decider.cause, reason, given)

    async def _refuse(self, person: Person, request: api.ResultDecision) -> api.ResultView:
        require_every_dataset(person)

        def work(session: Session) -> api.ResultView:
            result = named(session, request.result)
            if result.standing != Standing.REFUSED:
                _require_held(result, "refused")
                self._settle(session, result, Standing.REFUSED, Cause.person(person), request.reason, [])
            return self._view(result, [])

        return await self._database.write(work)

    def _settle(
        self, session: Session, result: Result, standing: Standing, cause: Cause, reason: str, given: list[Opinion]
    ) -> None:
        said = [one.actor for one in given if one.actor != cause.actor]
        result.standing, result.reason = standing.value, reason
        result.decided_by = ", ".join([*said, cause.actor])[:160]
        result.decided_at = self._clock.now()
        action = "release" if standing is Standing.RELEASED else "refuse"
        details = {"opinions": ", ".join(said)} if said else {}
        note(session, result, cause, self._clock.now(), action, **details)

    def _view(self, result: Result, approving: list[Opinion]) -> api.ResultView:
        place = {}
        if result.standing == Standing.RELEASED:
            path = self._storage / result.namespace / result.stored_name
            place = {"namespace": result.namespace, "name": result.stored_name, "path": str(path)}
        return api.ResultView(
            result=result.reference,
            job_id=result.job_id,
            task_id=result.task_id,
            task=result.task_name,
            party=result.party,
            key=result.key,
            component=result.component,
            category=result.category,
            partners=result.partners,
            standing=result.standing,
            waits_for=waits_for(result, approving),
            rules=result.rules,
            policy=result.policy,
            minimum_rows=result.minimum_rows,
            opinions=opinions.views(approving),
            held_at=result.held_at,
            decided_at=result.decided_at,
            decided_by=result.decided_by,
            reason=result.reason,
            erased_at=result.erased_at,
            place=place,
        )

    # --- by itself ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Count rows, release what needs no person, and erase what was refused, until cancelled."""
        with self._database.signals.subscribe(RESULT_TOPIC, jobs.JOBS) as wake:
            while True:
                await self.see_to()
                await wake.wait(_LOOK_SECONDS)

    async def see_to(self) -> int:
        """Do what there is to do; return how much that was."""
        uncounted = select(Result).where(Result.standing == Standing.HELD.value, Result.checked.is_(False))
        refused = select(Result).where(
            Result.standing == Standing.REFUSED.value, Result.erase.is_(True), Result.erased_at.is_(None)
        )

        def look(session: Session) -> tuple[list[Result], list[Result]]:
            over = [result for result in session.scalars(refused) if _job_is_over(session, result)]
            return list(session.scalars(uncounted)), over

        to_count, to_erase = await self._database.read(look)
        for result in to_count:
            await self._count(result)
        for result in to_erase:
            await self._erase(result)
        return len(to_count) + len(to_erase)

    async def _count(self, result: Result) -> None:
        rows = await asyncio.to_thread(self._rows, result)
        reach("result.counted")

        def work(session: Session) -> None:
            stored = session.get_one(Result, result.number)
            if stored.standing != Standing.HELD or stored.checked:
                return
            stored.checked = True
            cause = Cause(f"rule:{stored.rules[0]}", stored.trace_id)
            assert stored.minimum_rows is not None
            if rows is None or rows < stored.minimum_rows:
                # How many there are exactly is what the rule keeps back.
                why = "its rows cannot be counted" if rows is None else f"has fewer than {stored.minimum_rows} rows"
                self._settle(session, stored, Standing.REFUSED, cause, why, [])
            elif not stored.approval:
                self._settle(session, stored, Standing.RELEASED, cause, f"has {stored.minimum_rows} rows or more", [])
            else:
                note(session, stored, cause, self._clock.now(), "count")

        await self._database.write(work)

    def _rows(self, result: Result) -> int | None:
        try:
            return FileStore(self._storage).metadata(_place(result)).count
        except InterconnError as error:
            log.warning("rows cannot be counted", result=result.reference, reason=str(error))
            return None

    async def _erase(self, result: Result) -> None:
        try:
            await asyncio.to_thread(self._delete, result)
        except InterconnError as error:
            log.warning("a refused result cannot be erased", result=result.reference, reason=str(error))
            return
        reach("result.erased")

        def work(session: Session) -> None:
            stored = session.get_one(Result, result.number)
            if stored.erased_at is None:
                stored.erased_at = self._clock.now()
                note(session, stored, Cause("system", stored.trace_id), stored.erased_at, "erase")

        await self._database.write(work)

    def _delete(self, result: Result) -> None:
        store = FileStore(self._storage)
        if store.exists(_place(result)):
            store.delete(_place(result))


def named(session: Session, reference: str) -> Result:
    """Return a result as a person names it: JOB/TASK/KEY, or JOB/TASK/PARTY/KEY.

    Raises:
        NotFound: no result of that name is held or was.
        InvalidRequest: this node plays several parties, and the name does not say which.
    """
    job_id, task, *party, key = reference.split("/")
    wanted = select(Result).where(Result.job_id == job_id, Result.key == key)
    found = [
        result
        for result in session.scalars(wanted.order_by(Result.number))
        if task in (result.task_name, result.task_id) and party in ([], [result.party])
    ]
    if not found:
        raise NotFound("no such result is held", where="result", hint="interconn result list")
    if len(found) > 1:
        names = ", ".join(result.reference for result in found)
        raise InvalidRequest("several results have that name", where="result", hint=f"Name one of {names}")
    return found[0]


def matter(result: Result) -> str:
    """Return the name by which opinions on a result are kept."""
    return f"result:{result.number}"


def _place(result: Result) -> DatasetName:
    return DatasetName(result.namespace, result.stored_name)


def _require_held(result: Result, what: str) -> None:
    if result.standing != Standing.HELD:
        raise IllegalTransition(f"{result.reference} is {result.standing}, so it cannot be {what}", where="result")


def waits_for(result: Result, approving: list[Opinion]) -> str:
    """Return what a result waits for, given who would release it; empty where it waits for nothing."""
    if result.standing == Standing.REFUSED and result.erase and result.erased_at is None:
        return "the end of its job, to be erased"
    if result.standing != Standing.HELD:
        return ""
    if not result.checked:
        return "its rows to be counted"
    if approving:
        return f"a second person here to release or refuse ({', '.join(one.actor for one in approving)} releases)"
    return "two persons here to release or refuse" if result.four_eyes else "a person here to release or refuse"


def _job_is_over(session: Session, result: Result) -> bool:
    job = session.get(Job, result.job_id)
    return job is None or has_ended(JobStatus(job.status))
