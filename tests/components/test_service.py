"""Components of a node: ordered, launched once as real processes, listened to, stopped, settled, taken up again."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from interconn.components import Components, Registry
from interconn.components.callback import own_part, told_part
from interconn.components.environment import Order, OrderParty
from interconn.components.launcher import ProcessLauncher
from interconn.components.tables import ComponentRun, DisabledComponent
from interconn.identity.node import NodeIdentity
from interconn.standard.errors import CapacityExceeded, NotFound
from interconn.standard.self_description import SelfDescription
from interconn.state.clock import SystemClock
from interconn.state.database import Database, database_url
from tests.databases import place_tables

NODE = NodeIdentity("bank", "inst-bank", "A bank", "bank", "http://bank", "interconn", "1")
DESCRIPTION = SelfDescription.model_validate({
    "componentName": "tiny", "title": "Tiny", "provider": "interconn", "version": "1.0.0", "roleList": ["guest"],
    "storageEngine": ["file"],
    "inputParam": [{"name": "does", "title": "Does", "type": "string", "optional": True}],
    "inputData": [], "outputData": [{"name": "table", "category": "dataset"}], "result": [],
})  # fmt: skip

# What the tiny component does is said by its one parameter; it keeps a tally of its starts.
CODE = """
import os, signal, sys, time
variables = {name.decode(): value.decode() for name, value in os.environb.items()}
print("started", flush=True)
exec(variables["runtime.component.parameter.does"])
"""


class Sessions:
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.refusal: Exception | None = None

    def open_session(
        self, session: Session, *, session_id: str, task_id: str, parties: Sequence[str], party: str
    ) -> str:
        if self.refusal:
            raise self.refusal
        self.tokens.append(f"token-{task_id}-{party}-{len(self.tokens)}")
        return self.tokens[-1]

    def close_session(self, session: Session, session_id: str, task_id: str) -> None:
        raise AssertionError

    def traffic(self, task_id: str) -> Mapping[str, int]:
        return {}


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.settled_: dict[str, tuple[str, str]] = {}
        self.changed = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def progressed(self, session: Session, run: ComponentRun) -> None:
        self.heard.append((run.task_id, run.reported))
        self.loop.call_soon_threadsafe(self.changed.set)

    def settled(self, session: Session, run: ComponentRun) -> None:
        assert run.task_id not in self.settled_, "settled twice"
        self.settled_[run.task_id] = (run.status, run.reason)
        self.loop.call_soon_threadsafe(self.changed.set)


class Bench:
    """Components of one node on a directory; `restart` is another life of the node."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.longest_run_seconds = 3600.0
        self.sessions = Sessions()
        self.listener = Listener()

    def start(self) -> None:
        place_tables(self.directory / "state.db")
        self.database = Database(database_url(self.directory / "state.db"))
        self.components = Components(
            node=NODE,
            database=self.database,
            clock=SystemClock(),
            transport=self.sessions,
            storage_address="file:///data",
            tasks_directory=self.directory / "tasks",
            component_url=lambda: "http://127.0.0.1:1",
            registry=Registry([DESCRIPTION]),
            launcher=ProcessLauncher(command=[sys.executable, "-I", "-S", "-c", CODE], grace_seconds=1.0),
            longest_run_seconds=self.longest_run_seconds,
        )
        self.components.report_to(self.listener)
        self.running = asyncio.create_task(self.components.run())

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await asyncio.to_thread(self.database.close)

    async def restart(self) -> None:
        await self.stop()
        self.start()

    async def order(self, does: str, task_id: str = "task_1", role: str = "guest") -> None:
        order = Order(
            job_id="job-1", task_id=task_id, task_name="a", role=role, index=0, component="tiny",
            provider="interconn", version="1.0.0", session_id="session_job-1", trace_id="t",
            parties=[OrderParty(role=role, index=0, node_id="bank", inst_id="inst-bank")],
            parameters={"does": does}, output_keys=["data0"],
        )  # fmt: skip
        await self.database.write(lambda session: self.components.order(session, order))

    async def stop_component(self, reason: str, task_id: str = "task_1") -> None:
        await self.database.write(lambda session: self.components.stop(session, task_id, "guest", 0, reason))

    async def settled(self, task_id: str = "task_1") -> tuple[str, str]:
        while task_id not in self.listener.settled_:
            await self.listener.changed.wait()
            self.listener.changed.clear()
        return self.listener.settled_[task_id]

    async def started(self, task_id: str = "task_1") -> None:
        while (await self.lines(task_id))[1] == 0:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)

    async def lines(self, task_id: str = "task_1", start: int = 0, length: int = 100) -> tuple[list[str], int]:
        return await self.components.logs.read(task_id, start=start, length=length)

    async def post(self, body: Any, token: str) -> tuple[int, dict[str, Any]]:
        """Post to the component listener's route as a component does."""
        (route,) = self.components.routes()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": route.path, "query_string": b"", "root_path": "",
            "headers": [(b"content-type", b"application/json"), (b"x-ptp-token", token.encode())],
        }  # fmt: skip
        await route.handle(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    found = Bench(tmp_path)
    found.start()
    yield found
    await found.stop()
    for directory in await asyncio.to_thread(lambda: list((tmp_path / "tasks").glob("*/*"))):
        await ProcessLauncher(grace_seconds=1.0).stop(directory)  # a test that failed leaves nothing running


@pytest.mark.parametrize(("does", "expected"), [
    ("pass", ("SUCCESS", "")),
    ("sys.exit(3)", ("FAILED", "exit status 3")),
    ("os.kill(os.getpid(), 9)", ("FAILED", "exit status 137, killed by SIGKILL")),
])  # fmt: skip
async def test_a_component_that_never_calls_is_judged_by_its_exit_status(
    bench: Bench, does: str, expected: tuple[str, str]
) -> None:
    await bench.order(does)
    assert await bench.settled() == expected


async def test_standard_output_is_the_log_cmp_g4_1_1_2_stdout(bench: Bench) -> None:
    await bench.order("print('one'); print('two'); print('not this', file=sys.stderr)")
    await bench.settled()
    assert await bench.lines() == (["started", "one", "two"], 3)
    assert await bench.lines(start=1, length=1) == (["one"], 3)
    assert await bench.lines(start=9) == ([], 3)
    with pytest.raises(NotFound):
        await bench.lines("task_9")


async def test_ordered_twice_runs_once(bench: Bench) -> None:
    await bench.order("pass")
    await bench.order("pass")
    await bench.settled()
    await bench.order("pass")
    await bench.restart()
    assert await bench.lines() == (["started"], 1)
    assert len(bench.sessions.tokens) == 1


async def test_a_stopped_component_fails_with_the_reason_of_its_stop(bench: Bench) -> None:
    await bench.order("time.sleep(600)")
    await bench.started()
    await bench.stop_component("stopped by operator")
    assert await bench.settled() == ("FAILED", "stopped by operator")
    await bench.stop_component("too late")
    assert bench.listener.settled_["task_1"] == ("FAILED", "stopped by operator")


async def test_a_component_that_is_stopped_before_it_begins_never_does(bench: Bench) -> None:
    await bench.stop()
    bench.start()
    bench.running.cancel()
    await bench.order("pass")
    await bench.stop_component("stopped by operator")
    await bench.restart()
    assert await bench.settled() == ("FAILED", "stopped by operator")
    assert await bench.lines() == ([], 0)
    assert len(bench.sessions.tokens) == 1, "the session of the order, and none for a launch"


async def test_components_outlive_the_node_and_their_end_is_found(bench: Bench) -> None:
    go = bench.directory / "go"
    await bench.order(f"\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nsys.exit(5)")
    await bench.order("time.sleep(0.05)", task_id="task_2")
    await bench.started()
    await bench.started("task_2")
    await bench.stop()
    go.touch()
    bench.start()
    assert await bench.settled() == ("FAILED", "exit status 5")
    assert await bench.settled("task_2") == ("SUCCESS", "")
    assert (await bench.lines())[0] == ["started"]


async def test_a_component_that_never_ends_is_taken_for_hung(bench: Bench) -> None:
    await bench.order("time.sleep(600)")
    await bench.started()
    bench.longest_run_seconds = -1.0
    await bench.restart()
    assert await bench.settled() == ("FAILED", "it has run for more than -1 s")


async def test_a_session_that_cannot_be_opened_is_the_reason(bench: Bench) -> None:
    bench.sessions.refusal = CapacityExceeded("too many sessions", where="transport")
    await bench.order("pass")
    assert await bench.settled() == ("FAILED", "it could not be started: transport: too many sessions")


async def test_mgt_6_2_a_component_that_was_disabled_since_its_order_is_not_launched(bench: Bench) -> None:
    bench.running.cancel()  # nothing is launched before it is disabled
    await asyncio.gather(bench.running, return_exceptions=True)
    await bench.order("pass")
    off = DisabledComponent(name="tiny", provider="interconn", version="1.0.0", since=1, by="person:ann", reason="why")
    await bench.database.write(lambda session: session.add(off))
    bench.running = asyncio.create_task(bench.components.run())
    status, reason = await bench.settled()
    assert status == "FAILED"
    assert "component tiny interconn 1.0.0 is disabled here" in reason
    assert "why" not in reason
    assert await asyncio.to_thread(lambda: list((bench.directory / "tasks").rglob("log"))) == []


async def test_callbacks_tell_progress_and_outcome_ctl_4_1(bench: Bench) -> None:
    await bench.order("time.sleep(600)")
    await bench.started()
    token = bench.sessions.tokens[0]
    report: dict[str, Any] = {"task_id": "task_1", "status": "RUNNING", "role": "guest.0"}
    progress = {"progress": {"phase": "encrypt", "done": 5, "total": None}}
    assert await bench.post(report, token) == (200, {"code": 0, "msg": "success", "data": {}})
    assert (await bench.post({**report, "extension": progress}, token))[0] == 200
    run = await bench.database.read(lambda session: session.get_one(ComponentRun, ("task_1", "guest", 0)))
    assert run.progress == {"phase": "encrypt", "done": 5, "total": 0, "at": run.progress["at"]}
    reason = {"error": "DataError", "where": "table", "message": "the column is missing", "hint": "Name it"}
    failed = {**report, "status": "FAILED", "role": "guest", "extension": {"reason": reason}}
    assert (await bench.post(failed, token))[0] == 200
    assert (await bench.post({**report, "status": "SUCCESS"}, token))[0] == 200  # no news: the worse wins
    run = await bench.database.read(lambda session: session.get_one(ComponentRun, ("task_1", "guest", 0)))
    assert run.reported == "FAILED"
    assert told_part(run.reported_reason) == "the column is missing"
    assert own_part(run.reported_reason) == "table: the column is missing. Name it"
    await bench.stop_component("stopped")
    assert (await bench.settled())[0] == "FAILED"


async def test_exit_0_after_a_told_failure_is_a_failure_resolution_26(bench: Bench) -> None:
    go = bench.directory / "go"
    await bench.order(f"\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)")
    await bench.started()
    body = {"task_id": "task_1", "status": "FAILED", "role": "guest", "extension": {"reason": "no rows"}}
    assert (await bench.post(body, bench.sessions.tokens[0]))[0] == 200
    go.touch()
    assert await bench.settled() == ("FAILED", "no rows")


@pytest.mark.parametrize(("body", "token", "status", "word"), [
    ({"task_id": "task_1", "status": "SUCCESS", "role": "guest"}, "", 401, "token"),
    ({"task_id": "task_1", "status": "SUCCESS", "role": "guest"}, "token-of-nobody", 401, "token"),
    ({"task_id": "task_1", "status": "SUCCESS", "role": "guest"}, "token-task_2-guest.0-1", 401, "token"),
    ({"task_id": "task_9", "status": "SUCCESS", "role": "guest"}, "token-task_1-guest.0-0", 401, "token"),
    ({"task_id": "task_1", "status": "SUCCESS", "role": "host"}, "token-task_1-guest.0-0", 403, "guest.0"),
    ({"task_id": "task_1", "status": "PENDING", "role": "guest"}, "token-task_1-guest.0-0", 400, "status"),
    ({"task_id": "task_1", "role": "guest"}, "token-task_1-guest.0-0", 400, "status"),
    (b"nothing", "token-task_1-guest.0-0", 400, "JSON"),
    (b"[" * 100, "token-task_1-guest.0-0", 400, "deeper"),
    (b" " * 70_000, "token-task_1-guest.0-0", 400, "bytes"),
])  # fmt: skip
async def test_a_callback_that_is_refused(bench: Bench, body: Any, token: str, status: int, word: str) -> None:
    await bench.order("time.sleep(600)")
    await bench.started()
    await bench.order("time.sleep(600)", task_id="task_2")
    await bench.started("task_2")
    assert bench.sessions.tokens == ["token-task_1-guest.0-0", "token-task_2-guest.0-1"]
    answered, reply = await bench.post(body, token)
    assert answered == status
    assert reply["code"] != 0
    assert word in reply["msg"]
    assert bench.listener.heard == []
    for task_id in ("task_1", "task_2"):
        await bench.stop_component("over", task_id)
        await bench.settled(task_id)


def test_what_is_not_enforced_is_said(tmp_path: Path) -> None:
    assert "without a sandbox" in " ".join(Components.warnings(Components.__new__(Components)))
