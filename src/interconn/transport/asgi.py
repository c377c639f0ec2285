"""The few ASGI steps of the data path. A router and request objects would cost more than the work itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from interconn.dialects.dialect import WireReply
from interconn.standard.errors import TransportError
from interconn.standard.transport import PtpCode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PATIENCE: Final = 2
"""A body is read and dropped up to so many times the limit, so that the sender hears why it is refused."""


class Disconnected(Exception):
    """The client has gone away; nobody is there to be answered."""


def read_headers(scope: Scope) -> dict[str, str]:
    """Return the headers, names in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """Read a body.

    Raises:
        TransportError: E0000000413, it has more than `limit` bytes.
        Disconnected: the client went away.
    """
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limit * _PATIENCE:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Disconnected
        part = event.get("body", b"")
        if part:
            size += len(part)
            if size <= limit:
                parts.append(part)
            elif size > limit * _PATIENCE:
                raise _too_large(limit)
            else:
                parts.clear()
        if not event.get("more_body", False):
            break
    if size > limit:
        raise _too_large(limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def respond(send: Send, reply: WireReply, headers: Mapping[str, str]) -> None:
    """Send a reply; its content type is among the headers."""
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    fields.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": fields})
    await send({"type": "http.response.body", "body": reply.body})


def _too_large(limit: int) -> TransportError:
    return TransportError(
        f"the body has more than the {limit} bytes accepted",
        ptp_code=PtpCode.TOO_LARGE,
        where="body",
        clause="TRN-XA-E0000000413",
        hint="Split the message",
    )
