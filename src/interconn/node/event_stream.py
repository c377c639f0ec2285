"""Server-sent events on the admin listener: to those whom the door admits, and no longer than it admits them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from interconn.access.door import Door
from interconn.api.jobs import JobEvent
from interconn.api.own import OwnStream, Person, Watching
from interconn.api.rules import require_call
from interconn.dialects import STANDARD
from interconn.node.own_api import explained, refused, trace_id
from interconn.standard.errors import BadToken, InterconnError
from interconn.standard.wire import canonical_json

log = structlog.get_logger()

BEAT_SECONDS: Final = 15.0
"""A sign of life where there is no news, so that neither side, nor what lies between, takes the other for gone."""
LONGEST_SECONDS: Final = 900.0
"""Then the watcher has to come again, with its token: one that has expired meanwhile opens nothing more."""
AGAIN_MILLISECONDS: Final = 1000
CONTENT_TYPE: Final = "text/event-stream"
LAST_EVENT_ID: Final = "last-event-id"


def routes(streams: Sequence[OwnStream[Any]], door: Door) -> list[Route]:
    """Return Starlette routes that serve streams to those whom the door admits and whose roles allow it."""
    return [
        Route(stream.endpoint.path, _serve(stream, door), methods=list(stream.endpoint.methods)) for stream in streams
    ]


def _serve(stream: OwnStream[Any], door: Door) -> Callable[[Request], Awaitable[Response]]:
    endpoint = stream.endpoint

    async def serve(request: Request) -> Response:
        try:
            person = await door.admit(
                request.headers.get("authorization", ""),
                address=request.client.host if request.client else "",
                trace_id=trace_id(request),
            )
            require_call(person, endpoint)
            message = STANDARD.read_request(endpoint, query=dict(request.query_params), content_type="", body=b"")
            last = request.headers.get(LAST_EVENT_ID, "")[:64]
            watching: Watching[JobEvent] = await door.looking(person, stream.open(person, message, last))
        except InterconnError as error:
            return refused(error)
        except Exception as error:
            log.exception("failed", endpoint=endpoint.name)
            return refused(explained(error))
        if watching.over():
            watching.close()
            return Response(status_code=204)  # which a browser takes for the end, where it would come again otherwise
        return _EventStream(watching, person, door)

    return serve


class _EventStream(Response):
    """What one watcher is sent, until there is nothing more, the watcher has gone, or may look no longer."""

    def __init__(self, watching: Watching[JobEvent], person: Person, door: Door) -> None:
        super().__init__(media_type=CONTENT_TYPE, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._watching = watching
        self._person = person
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = asyncio.Event()
        # Counted among those inside before anything else is waited for: who is sent away now is not to be missed.
        sending = asyncio.create_task(self._door.looking(self._person, self._send(send, begun)))
        leaving = asyncio.create_task(_left(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            begun.set()
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except BadToken:
            log.info("a watcher is sent away", person=self._person.name)
        finally:
            self._watching.close()
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not leaving.done() or leaving.cancelled():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send, begun: asyncio.Event) -> None:
        await begun.wait()
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_SECONDS
        text = f"retry: {AGAIN_MILLISECONDS}\n\n"
        while True:
            # A slow reader is waited for here; what it misses meanwhile is overtaken, and not queued.
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            if self._watching.over() or loop.time() >= until:
                return
            events = await self._watching.news(min(BEAT_SECONDS, until - loop.time()))
            text = "".join(_text(event) for event in events) or ": still here\n\n"


def _text(event: JobEvent) -> str:
    data = canonical_json(event.to_wire()).decode()  # of one line
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n"


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
