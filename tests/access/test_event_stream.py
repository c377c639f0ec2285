"""Server-sent events on the admin listener: who is told, from where on, and when it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.applications import Starlette

from interconn.api.jobs import JOB_WATCH, JobEvent, JobView
from interconn.api.own import OwnStream, Person
from interconn.api.people import TOKEN_REVOKE
from interconn.api.roles import Role
from interconn.node import event_stream
from interconn.standard.control import JobReference, JobStatus
from interconn.standard.errors import NotFound
from tests.access.conftest import Room


def fact(number: int, *, last: bool = False) -> JobEvent:
    status = JobStatus.FINISHED if last else JobStatus.RUNNING
    job = JobView(job_id="job-1", status=status, scheduler="s", initiator="i", created_at=number)
    return JobEvent(id=f"x-{number}", kind="job", job_id="job-1", job=job, last=last)


class Story:
    """Some facts that come one after the other; one that waits for more is told nothing."""

    def __init__(self, *facts: JobEvent) -> None:
        self.facts = list(facts)
        self.told = 0
        self.closed = 0
        self.opened: list[tuple[Person, str, str]] = []
        self.waiting = asyncio.Event()

    async def open(self, person: Person, request: JobReference, last_event_id: str) -> Story:
        if request.job_id == "nowhere":
            raise NotFound("the job is not known here", where="job_id")
        self.opened.append((person, request.job_id, last_event_id))
        self.told = next((place + 1 for place, one in enumerate(self.facts) if one.id == last_event_id), 0)
        return self

    def over(self) -> bool:
        return bool(self.told) and self.facts[self.told - 1].last

    async def news(self, seconds: float) -> Sequence[JobEvent]:
        if self.told == len(self.facts):
            self.waiting.set()
            await asyncio.sleep(seconds)
            return []
        self.told += 1
        return self.facts[self.told - 1 : self.told]

    def close(self) -> None:
        self.closed += 1


class Caller:
    """One who asks, through ASGI, and stays until told otherwise."""

    def __init__(self, room: Room, story: Story) -> None:
        stream = OwnStream(JOB_WATCH, story.open)
        self.app = Starlette(routes=[*event_stream.routes([stream], room.access.door)])
        self.gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def ask(self, token: str, job_id: str = "job-1", last: str = "") -> None:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": JOB_WATCH.path, "raw_path": JOB_WATCH.path.encode(), "root_path": "",
            "query_string": f"job_id={job_id}".encode(), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"last-event-id", last.encode())],
        }  # fmt: skip
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent[1:]).decode()


async def test_a_watcher_is_told_each_fact_to_the_last(room: Room) -> None:
    story = Story(fact(1), fact(2, last=True))
    caller = Caller(room, story)
    await caller.ask(await room.take_in("ann", Role.AUDITOR))
    headers = {name.decode(): value.decode() for name, value in caller.sent[0]["headers"]}
    assert (caller.status, headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert headers["cache-control"] == "no-store" and "content-length" not in headers
    first, *events = caller.text.strip().split("\n\n")
    assert first.startswith("retry: ")
    for number, event in enumerate(events, 1):
        named = dict(line.split(": ", 1) for line in event.split("\n"))
        assert (named["id"], named["event"]) == (f"x-{number}", "job")
        assert JobEvent.model_validate(json.loads(named["data"])) == story.facts[number - 1]
    assert len(events) == 2 and not caller.sent[-1]["more_body"]
    assert story.closed == 1


async def test_who_comes_again_goes_on_where_they_left_off_and_who_knows_the_end_is_told_so(room: Room) -> None:
    token = await room.take_in("ann", Role.AUDITOR)
    story = Story(fact(1), fact(2), fact(3, last=True))
    caller = Caller(room, story)
    await caller.ask(token, last="x-1")
    assert [line for line in caller.text.split("\n") if line.startswith("id")] == ["id: x-2", "id: x-3"]
    caller = Caller(room, story)
    await caller.ask(token, last="x-3")
    assert (caller.status, caller.text, story.closed) == (204, "", 2)


@pytest.mark.parametrize(
    ("token", "job_id", "words"),
    [("wrong", "job-1", "this is no token of a node"), ("ann's", "nowhere", "the job is not known here")],
)
async def test_who_may_not_look_or_asks_for_nothing_is_refused_in_the_envelope(
    room: Room, token: str, job_id: str, words: str
) -> None:
    known = await room.take_in("ann", Role.AUDITOR)
    caller = Caller(room, Story(fact(1)))
    await caller.ask(known if token == "ann's" else token, job_id)
    told = json.loads(caller.text)
    assert told["code"] not in (0, 200) and words in told["msg"]


async def test_a_quiet_job_is_told_to_be_there_still(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(event_stream, "LONGEST_SECONDS", 0.1)
    caller = Caller(room, Story(fact(1)))
    await caller.ask(await room.take_in("ann", Role.AUDITOR))  # and after its time it has to come again
    assert ": still here\n\n" in caller.text and not caller.sent[-1]["more_body"]


async def test_a_watcher_who_leaves_is_forgotten(room: Room) -> None:
    story = Story(fact(1))
    caller = Caller(room, story)
    asking = asyncio.create_task(caller.ask(await room.take_in("ann", Role.AUDITOR)))
    await story.waiting.wait()
    caller.gone.set()
    await asking
    assert story.closed == 1


async def test_a_watcher_whose_token_is_revoked_is_told_nothing_more(room: Room) -> None:
    story = Story(fact(1))
    caller = Caller(room, story)
    token = await room.take_in("ann", Role.AUDITOR)
    asking = asyncio.create_task(caller.ask(token))
    await story.waiting.wait()
    await room.ask(TOKEN_REVOKE, token_id=token.split("_")[1])
    await asking
    assert story.closed == 1 and "x-1" in caller.text and not caller.sent[-1]["more_body"]
