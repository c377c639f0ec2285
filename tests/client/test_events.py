"""Streams of events as both clients follow them: put together, resumed where the connection is lost, ended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from interconn.api.jobs import JobEvent, JobView
from interconn.client import AsyncNodeClient, NodeAccess, NodeClient, blocking, waiting
from interconn.client.events import EventReader
from interconn.standard.control import JobStatus
from interconn.standard.errors import PeerReplyInvalid, PeerUnreachable


def fact(number: int, *, last: bool = False) -> JobEvent:
    job = JobView(job_id="job-1", status=JobStatus.RUNNING, scheduler="s", initiator="i", created_at=number)
    return JobEvent(id=f"x-{number}", kind="job", job_id="job-1", job=job, last=last)


def text(event: JobEvent) -> bytes:
    return f"id: {event.id}\nevent: job\ndata: {event.model_dump_json(by_alias=True)}\n\n".encode()


FACTS = [fact(1), fact(2), fact(3, last=True)]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n"
OVER = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


@contextmanager
def serving(*answers: bytes) -> Iterator[tuple[NodeAccess, list[bytes]]]:
    """Answer the requests that come with these in turn, then listen no more; and tell what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)
            server.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield NodeAccess(f"http://127.0.0.1:{server.getsockname()[1]}", "token"), asked
        thread.join()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (blocking, waiting):
        monkeypatch.setattr(module, "AGAIN_SECONDS", 0.0)


def last_ids(asked: list[bytes]) -> list[str]:
    lines = [line.lower() for request in asked for line in request.decode().split("\r\n")]
    return [line.partition(": ")[2] for line in lines if line.startswith("last-event-id")]


def follow(access: NodeAccess) -> list[JobEvent]:
    with NodeClient(access) as client:
        return list(client.jobs.watch("job-1"))


async def follow_awaited(access: NodeAccess) -> list[JobEvent]:
    async with AsyncNodeClient(access) as client:
        return [event async for event in client.jobs.watch("job-1")]


LOST = (
    HEAD + b"retry: 1\n\n" + text(FACTS[0]) + b": still here\n\nid: x-2\ndata: {",
    HEAD + text(FACTS[1]),
    HEAD + text(FACTS[2]),
)


def test_a_stream_that_is_lost_goes_on_after_the_last_whole_event() -> None:
    with serving(*LOST) as (access, asked):
        assert follow(access) == FACTS
    assert last_ids(asked) == ["", "x-1", "x-2"]
    assert b"bearer token" in asked[0].lower()


async def test_the_awaited_client_goes_on_too() -> None:
    with serving(*LOST) as (access, asked):
        assert await follow_awaited(access) == FACTS
    assert last_ids(asked) == ["", "x-1", "x-2"]


async def test_a_node_that_has_nothing_more_ends_the_stream() -> None:
    with serving(HEAD + text(FACTS[0]), OVER) as (access, _):
        assert follow(access) == FACTS[:1]
    with serving(HEAD + text(FACTS[0]), OVER) as (access, _):
        assert await follow_awaited(access) == FACTS[:1]


async def test_a_node_that_stays_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (blocking, waiting):
        monkeypatch.setattr(module, "AWAY_SECONDS", 0.0)
    with serving(HEAD + text(FACTS[0])) as (access, _), pytest.raises(PeerUnreachable):
        follow(access)
    with serving(HEAD + text(FACTS[0])) as (access, _), pytest.raises(PeerUnreachable):
        await follow_awaited(access)
    with pytest.raises(PeerUnreachable, match="nothing listens"):
        follow(access)


@pytest.mark.parametrize("cut", [lambda whole: [whole], lambda whole: [whole[n : n + 1] for n in range(len(whole))]])
def test_events_are_put_together_however_they_are_cut(cut: Callable[[bytes], list[bytes]]) -> None:
    reader = EventReader()
    sent = b": beat\r\n\r\nid: 7\r\nevent: job\r\ndata: one\r\ndata:two\r\n\r\ndata: three\n\nid: 9\n\n"
    found = [event for part in cut(sent) for event in reader.feed(part)]
    assert [(event.event_id, event.data) for event in found] == [("7", b"one\ntwo"), ("7", b"three")]


def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interconn.client.events.MAXIMUM_REPLY_BYTES", 100)
    reader = EventReader()
    for _ in range(50):
        reader.feed(b"data: x\n\n")  # many small ones are no large one
    with pytest.raises(PeerReplyInvalid, match="too large"):
        reader.feed(b"data: " + b"x" * 200)
