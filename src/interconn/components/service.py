"""The components of this node as they run: ordered, launched, listened to, stopped, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session
from starlette.routing import Route

from interconn.components import environment, runs
from interconn.components.callback import CallbackServer, RunListener, own_part, run_topic, token_digest
from interconn.components.environment import Order, Surroundings
from interconn.components.launcher import Exit, ProcessLauncher, Situation
from interconn.components.leftovers import Leftovers
from interconn.components.logs import Logs
from interconn.components.outcome import judge
from interconn.components.produced import ModelRegister, ProducedModel, produced_models
from interconn.components.registry import Registry
from interconn.components.runnable import require_runnable
from interconn.components.runs import Key
from interconn.components.sessions import Sessions
from interconn.components.tables import ComponentRun
from interconn.components.turns import Turns, turn_topic
from interconn.identity.node import NodeIdentity
from interconn.standard.control import COMPONENT_CALLBACK, ComponentStatus
from interconn.standard.errors import InterconnError
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import validate
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database, announce

log = structlog.get_logger()

ORDERED: Final = "component-runs"
"""Signal: a component was ordered."""
LONGEST_RUN_SECONDS: Final = 7 * 86_400.0
"""After this a component is taken for hung."""
_LOOK_SECONDS: Final = 5.0


class Components:
    """Runs components.

    Args:
        node: this node.
        database: where runs are kept.
        clock: time.
        transport: opens a session for each task.
        storage_address: for `system.storage` (CMP-4.1-file, CMP-4.1-s3); secret.
        tasks_directory: holds one directory a task and party.
        component_url: returns the base URL of the component listener, once it listens.
        registry: which components there are; those shipped by default.
        launcher: how they are run; as processes by default.
        longest_run_seconds: after this a component is taken for hung and stopped.
        room: what components may take of the machine together (`interconn.components.room`); no bounds by default.

    Attributes:
        logs: of what was run.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        clock: Clock,
        transport: Sessions,
        storage_address: str,
        tasks_directory: Path,
        component_url: Callable[[], str],
        registry: Registry | None = None,
        launcher: ProcessLauncher | None = None,
        longest_run_seconds: float = LONGEST_RUN_SECONDS,
        room: Mapping[str, float] | None = None,
    ) -> None:
        self.registry = registry or Registry.shipped()
        self.logs = Logs(database, tasks_directory)
        self._node = node
        self._database = database
        self._clock = clock
        self._transport = transport
        self._storage = storage_address
        self._tasks_directory = tasks_directory
        self._component_url = component_url
        self._launcher = launcher or ProcessLauncher()
        self._leftovers = Leftovers(
            launcher=self._launcher, tasks_directory=tasks_directory, storage_address=storage_address
        )
        self._longest_run = longest_run_seconds
        self.turns = Turns(database=database, launcher=self._launcher, directory=self._directory, bounds=room or {})
        self._listener: RunListener | None = None
        self._models: ModelRegister | None = None
        self._driven: dict[Key, asyncio.Task[None]] = {}
        self._fresh_tokens: dict[Key, str] = {}

    # --- what the layer above uses -----------------------------------------------------------------------

    def report_to(self, listener: RunListener) -> None:
        """Say who is told of progress and ends."""
        self._listener = listener

    def register_with(self, models: ModelRegister) -> None:
        """Say who takes note of the models that components write."""
        self._models = models

    def order(self, session: Session, order: Order) -> None:
        """Order a component in a transaction; it is launched after the commit. A repeat changes nothing.

        Its session opens with the order, not with the launch: a partner whose component is quicker may send as soon
        as the order is acknowledged.
        """
        if session.get(ComponentRun, (order.task_id, order.role, order.index)):
            return
        run = ComponentRun(
            task_id=order.task_id,
            role=order.role,
            index=order.index,
            job_id=order.job_id,
            order=order.to_wire(),
            state="ORDERED",
            ordered_at=self._clock.now(),
        )
        with suppress(InterconnError):  # the launch tries again, and tells why it cannot be
            self._fresh_tokens[order.task_id, order.role, order.index] = self._open_session(session, run, order)
        session.add(run)
        announce(session, ORDERED)

    def stop(self, session: Session, task_id: str, role: str, index: int, reason: str) -> None:
        """Ask in a transaction that a component be stopped. One that has ended stays as it is."""
        run = session.get(ComponentRun, (task_id, role, index))
        if run and run.state != "ENDED" and not run.stop_reason:
            run.stop_reason = reason
            announce(session, run_topic(task_id, role, index))

    def stop_job(self, session: Session, job_id: str, reason: str, task_names: Collection[str] | None = None) -> None:
        """Ask in a transaction that all components of a job be stopped, or those of some tasks by their names."""
        for run in runs.going_of_job(session, job_id):
            if task_names is None or run.order["task_name"] in task_names:
                self.stop(session, run.task_id, run.role, run.index, reason)

    def close_session(self, session: Session, *, session_id: str, task_id: str) -> None:
        """End a task's communication in a transaction."""
        self._transport.close_session(session, session_id, task_id)

    def outputs(self, session: Session, task_id: str, role: str, index: int) -> Mapping[str, Any]:
        """Return where the outputs of a share lie, by their names; for this node's own people."""
        run = session.get(ComponentRun, (task_id, role, index))
        if run is None:
            return {}
        order = validate(Order, run.order)
        description = self.registry.find(order.component, order.provider, order.version)
        return environment.described_outputs(order, description, self._storage)

    def reason(self, session: Session, task_id: str, role: str, index: int) -> str:
        """Return why a component failed, as this node's own people may know it; empty where it did not."""
        run = session.get(ComponentRun, (task_id, role, index))
        return own_part(run.reason) if run else ""

    def traffic(self, task_ids: Iterable[str]) -> dict[str, int]:
        """Return how much passed between nodes for some tasks, as far as this node saw it."""
        total: dict[str, int] = {}
        for task_id in task_ids:
            for name, count in self._transport.traffic(task_id).items():
                total[name] = total.get(name, 0) + count
        return total

    def routes(self) -> list[Route]:
        """Return what the component listener serves for this layer (CTL-4.1)."""
        assert self._listener, "nobody is told what components say"
        return [CallbackServer(database=self._database, clock=self._clock, listener=self._listener).route()]

    def warnings(self) -> list[str]:
        """Return what is not enforced."""
        return [
            "components run as processes of this node's own user, without a sandbox; only the shipped ones are launched"
        ]

    # --- the work that goes on by itself -----------------------------------------------------------------

    async def start_watching(self) -> None:
        """Find again what an earlier life of this node launched, and take up what it left."""
        await asyncio.to_thread(self._leftovers.clear_ended)
        await asyncio.to_thread(self._leftovers.sweep)
        await self._drive_unfinished()
        if self._driven:
            log.info("takes up components", count=len(self._driven))

    async def run(self) -> None:
        """Launch what is ordered and see it to its end, until cancelled; components outlive that."""
        with self._database.signals.subscribe(ORDERED) as wake:
            try:
                while True:
                    await self._drive_unfinished()
                    await wake.wait(_LOOK_SECONDS)
            finally:
                driven = list(self._driven.values())
                for task in driven:
                    task.cancel()
                await asyncio.gather(*driven, return_exceptions=True)

    async def _drive_unfinished(self) -> None:
        await self.turns.take_up()
        for key in await self._database.read(runs.unfinished):
            if key not in self._driven:
                task = asyncio.create_task(self._drive_safely(key))
                self._driven[key] = task
                task.add_done_callback(partial(self._forget, key))

    def _forget(self, key: Key, _done: asyncio.Task[None]) -> None:
        self._driven.pop(key, None)

    async def _drive_safely(self, key: Key) -> None:
        try:
            await self._drive(key)
        except Exception:
            # Taken up again at the next look.
            log.exception("a component is not seen to", task=key[0], party=f"{key[1]}.{key[2]}")

    async def _drive(self, key: Key) -> None:
        directory = self._directory(key)

        async def over() -> bool:
            # Mostly not, and what is only read waits for nobody who writes.
            must_stop = await self._database.read(lambda session: self._must_stop(session, key))
            return must_stop and await self._database.write(lambda session: self._must_stop(session, key))

        with self._database.signals.subscribe(run_topic(*key), turn_topic(key[0])) as wake:
            try:
                await self.turns.wait(key, wake.wait, over)
                must_stop = await self._launch(key, directory)
            except InterconnError as error:
                await self._settle(key, Exit(126, "", self._clock.now()), f"it could not be started: {error}")
                return
            if must_stop is None:
                await self._settle(key, Exit(126, "", self._clock.now()), "it was stopped before it began")
                return
            ended = await self._watch(directory, wake.wait, over, must_stop)
        reach("component.exited")
        await self._settle(key, ended, "")
        await asyncio.to_thread(self._launcher.clear, directory)
        if ended.status != 0:
            await asyncio.to_thread(self._leftovers.sweep)

    async def _launch(self, key: Key, directory: Path) -> bool | None:
        """Launch unless that was done before; return whether it must be stopped, None where it will not begin."""
        if await asyncio.to_thread(self._launcher.situation, directory) is Situation.NOTHING:
            prepared = await self._database.write(lambda session: self._prepare(session, key))
            if prepared is None:
                return None
            order, description, token = prepared
            url = self._component_url().rstrip("/")
            variables = environment.variables(
                order,
                description,
                Surroundings(storage=self._storage, transport=url, callback=url + COMPONENT_CALLBACK.path),
                token=token,
                log_path=str(directory / "log"),
            )
            await asyncio.to_thread(self._start, directory, variables)
            reach("component.launched")
        recorded, must_stop = await self._database.write(lambda session: self._record_launch(session, key))
        if recorded:
            reach("component.recorded")
            log.info("component launched", task=key[0], party=f"{key[1]}.{key[2]}")
        return must_stop

    def _start(self, directory: Path, variables: Mapping[str, str]) -> None:
        self._launcher.launch(directory, variables)
        if self._launcher.situation(directory) is Situation.NOTHING:
            raise InterconnError("its supervisor did not begin", hint="Is the disk full?")

    def _prepare(self, session: Session, key: Key) -> tuple[Order, SelfDescription, str] | None:
        """Return what is to be launched and its token, made with the order or, in a later life of the node, anew.

        Raises:
            NotFound, ComponentDisabled, NoLauncher: it may or can no longer be launched.
        """
        run = session.get_one(ComponentRun, key)
        if run.stop_reason:
            return None  # its session has been closed with it, and must not be opened again
        order = validate(Order, run.order)
        description = self.registry.find(order.component, order.provider, order.version)
        require_runnable(session, [description])
        token = self._fresh_tokens.pop(key, None)
        if token is None or run.token_digest != token_digest(token):
            token = self._open_session(session, run, order)
        return order, description, token

    def _open_session(self, session: Session, run: ComponentRun, order: Order) -> str:
        token = self._transport.open_session(
            session,
            session_id=order.session_id,
            task_id=order.task_id,
            parties=sorted({party.node_id for party in order.parties}),
            party=order.party,
        )
        run.token_digest = token_digest(token)
        return token

    def _record_launch(self, session: Session, key: Key) -> tuple[bool, bool]:
        """Record a launch; return whether that was news, and whether the component must be stopped."""
        run = session.get_one(ComponentRun, key)
        news = run.state == runs.ORDERED
        if news:
            run.state, run.launched_at = "LAUNCHED", self._clock.now()
            if self.turns.room.bounded and self._listener:
                self._listener.launched(session, run)
        return news, runs.must_stop(run, self._clock.now(), self._longest_run)

    async def _watch(
        self, directory: Path, wake: Callable[[float], Any], over: Callable[[], Awaitable[bool]], must_stop: bool
    ) -> Exit:
        ending = asyncio.create_task(self._launcher.wait(directory))
        stopping: asyncio.Task[None] | None = None
        woken: asyncio.Task[Any] | None = None
        try:
            while not ending.done():
                if stopping is None and must_stop:
                    stopping = asyncio.create_task(self._launcher.stop(directory))
                woken = asyncio.create_task(wake(_LOOK_SECONDS))
                await asyncio.wait({ending, woken}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                must_stop = stopping is None and not ending.done() and await over()
            return await ending
        finally:
            for task in (ending, stopping, woken):
                if task:
                    task.cancel()

    def _must_stop(self, session: Session, key: Key) -> bool:
        return runs.must_stop(session.get_one(ComponentRun, key), self._clock.now(), self._longest_run)

    async def _settle(self, key: Key, ended: Exit, cause: str) -> None:
        made = await self._models_of(key) if self._models and ended.status == 0 else []
        status, reason = await self._database.write(lambda session: self._record_end(session, key, ended, cause, made))
        self.turns.leave(key)
        reach("task.settled")
        log.info(
            "component ended",
            task=key[0],
            party=f"{key[1]}.{key[2]}",
            status=status,
            exit_status=ended.status,
            reason=own_part(reason),
            directory=str(self._directory(key)),
        )

    async def _models_of(self, key: Key) -> list[ProducedModel]:
        """Return the models that a component wrote: read before its end is recorded, as they may be large."""
        run = await self._database.read(lambda session: session.get_one(ComponentRun, key))
        order = validate(Order, run.order)
        description = self.registry.find(order.component, order.provider, order.version)
        return await asyncio.to_thread(produced_models, order, description, self._storage)

    def _record_end(
        self, session: Session, key: Key, ended: Exit, cause: str, made: Sequence[ProducedModel]
    ) -> tuple[str, str]:
        run = session.get_one(ComponentRun, key)
        if run.state != "ENDED":
            status, reason = judge(
                ended,
                reported=run.reported,
                reported_reason=run.reported_reason,
                stop_reason=run.stop_reason,
            )
            if status is ComponentStatus.FAILED and cause and not run.stop_reason:
                reason = cause
            run.state, run.exit_status = "ENDED", ended.status
            run.status, run.reason = status.value, reason
            run.ended_at = ended.ended_at or self._clock.now()
            assert self._listener, "nobody is told what components do"
            self._listener.settled(session, run)
            if self._models and status is ComponentStatus.SUCCESS:
                for model in made:
                    self._models.produced(session, model)
        return run.status, run.reason

    def _directory(self, key: Key) -> Path:
        return self._tasks_directory / key[0] / f"{key[1]}.{key[2]}"
