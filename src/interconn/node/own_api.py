"""The admin listener: the node's own API, for people and systems that hold a token of theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from interconn.access.door import Door
from interconn.api.own import OwnService
from interconn.api.rules import require_call, rule_of
from interconn.dialects import STANDARD
from interconn.peers.inbound import read_bounded
from interconn.standard import headers as names
from interconn.standard.errors import InterconnError, TooManyRequests
from interconn.standard.identifiers import new_id
from interconn.state.database import explain

log = structlog.get_logger()


def routes(services: Sequence[OwnService[Any, Any]], door: Door) -> list[Route]:
    """Return Starlette routes that serve `services` to those whom the door admits and whose roles allow it."""
    return [
        Route(service.endpoint.path, _serve(service, door), methods=list(service.endpoint.methods))
        for service in services
    ]


def _serve(service: OwnService[Any, Any], door: Door) -> Callable[[Request], Awaitable[Response]]:
    endpoint = service.endpoint
    changes = rule_of(endpoint).changes

    async def serve(request: Request) -> Response:
        try:
            person = await door.admit(
                request.headers.get("authorization", ""),
                address=request.client.host if request.client else "",
                trace_id=trace_id(request),
            )
            require_call(person, endpoint)
            message = STANDARD.read_request(
                endpoint,
                query=dict(request.query_params),
                content_type=request.headers.get("content-type", ""),
                body=await read_bounded(request),
            )
            with structlog.contextvars.bound_contextvars(trace_id=person.trace_id):
                # What changes something is seen through, whoever is sent away meanwhile.
                answer: Any = service.handle(person, message)
                found = await (answer if changes else door.looking(person, answer))
                reply = STANDARD.write_reply(endpoint, found)
        except ClientDisconnect:
            return Response(status_code=400)
        except InterconnError as error:
            return refused(error)
        except Exception as error:
            log.exception("failed", endpoint=endpoint.name)
            return refused(explained(error))
        return Response(reply.body, reply.status, media_type=reply.content_type)

    return serve


def refused(error: InterconnError) -> Response:
    """Return what a caller is told of an error."""
    headers = {"retry-after": str(error.retry_after_seconds)} if isinstance(error, TooManyRequests) else {}
    reply = STANDARD.write_error(error)
    return Response(reply.body, reply.status, headers, reply.content_type)


def explained(error: Exception) -> InterconnError:
    """Return what a caller is told of an error that nobody decided."""
    return explain(error) or InterconnError(
        "the node failed to serve the call", hint="The node's log tells why, with the trace id"
    )


def trace_id(request: Request) -> str:
    """Return the id under which a call is found in logs and in the audit trail: the caller's, or a new one."""
    given = request.headers.get(names.TRACE_ID, "")[:128]
    return given if given.isprintable() and given.isascii() and given else new_id("trace")
