"""What keeps web pages of others away from the admin listener, and the bounds of a request's head there.

A browser on the machine of one of our people reaches the listener, and runs the code of any site that the person
looks at. Such a page knows no token, but may make the browser send what it keeps; and by DNS rebinding, where the
name of the page's site is made to point here, it may even read answers. So a request names this node as its host,
comes from no other site's page, and brings its token where no page, log or history can hold it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from interconn.dialects import STANDARD
from interconn.standard.errors import Forbidden, InterconnError, InvalidRequest

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS_AT_MOST = 64
HEAD_BYTES_AT_MOST = 16 * 1024
SECRET_MEMBERS: Final = frozenset({"token", "access_token", "authorization", "bearer", "api_key"})
"""Names under which callers of other software put tokens into a query."""

SAFE_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def guarded(inner: Application, *, hosts: Collection[str] = ()) -> Application:
    """Return an application that serves `inner` to callers that are no other site's pages.

    Args:
        inner: the admin listener's application.
        hosts: names under which the listener may be called, beside `localhost` and plain addresses, which no
            name server can make point elsewhere.
    """
    names = {"localhost", *(host.lower() for host in hosts)}

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safe(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in SAFE_HEADERS if pair[0] not in given)]
            await send(message)

        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        try:
            _check(scope, names)
        except InterconnError as error:
            reply = STANDARD.write_error(error)
            await send_safe(
                {
                    "type": "http.response.start",
                    "status": reply.status,
                    "headers": [
                        (b"content-type", reply.content_type.encode()),
                        (b"content-length", str(len(reply.body)).encode()),
                    ],
                }
            )
            await send({"type": "http.response.body", "body": reply.body})
            return
        await inner(scope, receive, send_safe)

    return serve


def _check(scope: Scope, names: Collection[str]) -> None:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(headers) > HEADERS_AT_MOST or sum(len(n) + len(v) for n, v in headers) > HEAD_BYTES_AT_MOST:
        raise InvalidRequest(
            f"a request here has at most {HEADERS_AT_MOST} headers of {HEAD_BYTES_AT_MOST} bytes in all",
            where="headers",
        )
    host = _only(headers, b"host")
    if host is None or not _is_ours(_name(f"//{host}"), names):
        raise Forbidden(
            "the request is for another host than this node",
            where="host",
            hint="Call it by its address, by localhost, or by a name that [admin] hosts lists",
        )
    origin = _only(headers, b"origin")
    if origin is not None and _place(origin) != host.lower():
        raise Forbidden("the request comes from a page of another site", where="origin")
    if _only(headers, b"sec-fetch-site") in ("cross-site", "same-site"):
        raise Forbidden("the request comes from a page of another site", where="sec-fetch-site")
    _only(headers, b"authorization")
    for part in scope["query_string"].decode("latin-1").split("&"):
        if unquote_plus(part.partition("=")[0]).lower() in SECRET_MEMBERS:
            raise InvalidRequest(
                "a token never goes into an address, which logs and histories keep",
                where="query",
                hint="Send the header: Authorization: Bearer … ; and revoke this one: interconn token revoke",
            )


def _only(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    found = [value for given, value in headers if given.lower() == name]
    if len(found) > 1:  # two readers might pick different ones
        raise InvalidRequest("the header occurs more than once", where=name.decode())
    return found[0].decode("latin-1").strip() if found else None


def _place(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:  # no browser writes such an origin
        return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_ours(name: str | None, names: Collection[str]) -> bool:
    if name is None:
        return False
    if name.rstrip(".") in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
