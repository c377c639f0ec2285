"""Calls to a node: every request as bytes that a test can change before they leave."""

import http.client
import json
import secrets
import ssl
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.interoperation.signature import Asked, Credential, Signer, lower, reply_string, request_string

DEADLINE_SECONDS = 30


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    def with_header(self, name: str, value: str | None) -> "Request":
        """The same with one header changed, or without it."""
        headers = {key: kept for key, kept in self.headers.items() if key != name}
        return replace(self, headers=headers if value is None else headers | {name: value})


@dataclass(frozen=True)
class Reply:
    """An answer, and whether the node's signature over it is right (None: no key known yet)."""

    status: int
    content_type: str
    body: bytes
    proven: bool | None
    signature: str = field(repr=False, default="")

    @property
    def envelope(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict), found
        return found

    @property
    def code(self) -> Any:
        return self.envelope["code"]

    @property
    def data(self) -> Any:
        return self.envelope["data"]


@dataclass
class Caller:
    """One node that calls another: addresses, ids and keys."""

    node_id: str
    signer: Signer
    address: str
    peer: str
    peer_credential: Credential | None
    trust: ssl.SSLContext

    def headers(self, **more: str) -> dict[str, str]:
        return {
            "x-source-node-id": self.node_id,
            "x-target-node-id": self.peer,
            "x-nonce": secrets.token_hex(16),
            "x-timestamp": str(time.time_ns() // 1_000_000),
            "x-trace-id": secrets.token_hex(8),
        } | more

    def unsigned(self, method: str, target: str, body: bytes = b"", **more: str) -> Request:
        headers = self.headers()
        if method == "POST":
            headers |= {"content-type": "application/json", "x-csrf-protection": "present"}
        return Request(method, target, headers | {name.replace("_", "-"): text for name, text in more.items()}, body)

    def signed(self, request: Request) -> Request:
        content = request_string(
            self.signer.credential, request.method, request.target, lower(request.headers.items()), request.body
        )
        return request.with_header("x-auth-sign", self.signer.sign(content))

    def post(self, path: str, members: Any, **more: str) -> Request:
        return self.signed(self.unsigned("POST", path, json.dumps(members, ensure_ascii=False).encode(), **more))

    def get(self, target: str) -> Request:
        return self.signed(self.unsigned("GET", target))

    def send(self, request: Request) -> Reply:
        """Send the very bytes, and verify the answer."""
        where = urlsplit(self.address)
        assert where.hostname
        connection: http.client.HTTPConnection
        if where.scheme == "https":
            connection = http.client.HTTPSConnection(
                where.hostname, where.port, timeout=DEADLINE_SECONDS, context=self.trust
            )
        else:
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=DEADLINE_SECONDS)
        try:
            connection.putrequest(request.method, request.target, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            if request.method == "POST" or request.body:
                connection.putheader("content-length", str(len(request.body)))
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            body = answer.read()
            content_type = answer.headers.get("content-type", "")
            signature = answer.headers.get("x-auth-sign", "")
        finally:
            connection.close()
        return Reply(
            answer.status,
            content_type,
            body,
            self.verify(request, answer.status, content_type, body, signature),
            signature,
        )

    def verify(self, request: Request, status: int, content_type: str, body: bytes, signature: str) -> bool | None:
        if self.peer_credential is None:
            return None
        sent = lower(request.headers.items())
        asked = Asked(
            sent.get("x-source-node-id", ""), sent.get("x-nonce", ""), request.method, request.target, request.body
        )
        content = reply_string(self.peer_credential, self.peer, asked, status, content_type, body)
        return self.peer_credential.verifies(signature, content)
