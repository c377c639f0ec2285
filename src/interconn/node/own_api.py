"""The admin listener: the node's own API, for people and systems that hold an admin token."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from interconn.api.own import OwnService, Person
from interconn.api.roles import Role
from interconn.api.rules import require_call
from interconn.dialects import STANDARD
from interconn.peers.inbound import read_bounded
from interconn.standard import headers as names
from interconn.standard.errors import BadToken, InterconnError
from interconn.standard.identifiers import new_id
from interconn.state.database import explain

log = structlog.get_logger()


class TokenCheck:
    """Knows the admin token by its digest alone."""

    def __init__(self, token: str) -> None:
        self._digest = hashlib.sha256(token.encode()).digest()

    def require(self, request: Request) -> Person:
        """Return who asks.

        Raises:
            BadToken: no or a wrong bearer token.
        """
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        given = hashlib.sha256(presented.strip().encode()).digest()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._digest):
            raise BadToken(
                "an admin token is needed",
                where="authorization",
                hint="It lies in the file admin.token of the node's home",
            )
        trace_id = request.headers.get(names.TRACE_ID, "")[:128] or new_id("trace")
        return Person("admin", trace_id, frozenset(Role))


def routes(services: Sequence[OwnService[Any, Any]], tokens: TokenCheck) -> list[Route]:
    """Return Starlette routes that serve `services` to holders of a token."""
    return [
        Route(service.endpoint.path, _serve(service, tokens), methods=list(service.endpoint.methods))
        for service in services
    ]


def _serve(service: OwnService[Any, Any], tokens: TokenCheck) -> Callable[[Request], Awaitable[Response]]:
    endpoint = service.endpoint

    async def serve(request: Request) -> Response:
        try:
            person = tokens.require(request)
            require_call(person, endpoint)
            message = STANDARD.read_request(
                endpoint,
                query=dict(request.query_params),
                content_type=request.headers.get("content-type", ""),
                body=await read_bounded(request),
            )
            with structlog.contextvars.bound_contextvars(trace_id=person.trace_id):
                reply = STANDARD.write_reply(endpoint, await service.handle(person, message))
        except InterconnError as error:
            reply = STANDARD.write_error(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            log.exception("failed", endpoint=endpoint.name)
            unknown = InterconnError(
                "the node failed to serve the call", hint="The node's log tells why, with the trace id"
            )
            reply = STANDARD.write_error(explain(error) or unknown)
        return Response(reply.body, reply.status, media_type=reply.content_type)

    return serve
