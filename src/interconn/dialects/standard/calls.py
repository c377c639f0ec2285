"""Management and control calls by the standard: JSON bodies, query strings, the envelope (MGT-2, CTL-2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from interconn.dialects.dialect import Dialect, WireReply, WireRequest
from interconn.standard.endpoint import Endpoint
from interconn.standard.envelope import SUCCESS_CODES, Envelope
from interconn.standard.errors import (
    InterconnError,
    InvalidRequest,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
)
from interconn.standard.wire import WireModel, canonical_json, parse_json, validate

JSON: Final = "application/json"


class StandardDialect:
    """InterOp v1.2.0 as written, with the readings of resolutions.md."""

    name = "standard"
    extensions = True

    def write_request(self, endpoint: Endpoint[Any, Any], request: WireModel) -> WireRequest:
        """Return the request: members in the query of a GET, in the body of a POST (MGT-2.1-http)."""
        members = request.to_wire()
        if endpoint.method == "GET":
            query = urlencode({name: _text(value) for name, value in members.items()})
            return WireRequest("GET", f"{endpoint.path}?{query}" if query else endpoint.path, b"")
        return WireRequest(endpoint.method, endpoint.path, canonical_json(members), {"content-type": JSON})

    def read_request(
        self, endpoint: Endpoint[Any, Any], *, query: Mapping[str, str], content_type: str, body: bytes
    ) -> WireModel:
        """Read a request; a POST without a body may carry its members in the query (resolution 2)."""
        members: Any = dict(query)
        if body:
            if content_type.partition(";")[0].strip().lower() != JSON:
                raise InvalidRequest("the body must be application/json", where="content-type", clause="MGT-2.1-http")
            members = parse_json(body)
            if not isinstance(members, dict):
                raise InvalidRequest("the body must be a JSON object", where="body", clause=endpoint.clause)
            members = _together(query, members)
        model: WireModel = validate(endpoint.request, members, clause=endpoint.clause)
        return model

    def write_reply(self, endpoint: Endpoint[Any, Any], reply: WireModel) -> WireReply:
        """Return a success: code 0 (resolution 1)."""
        return WireReply(200, canonical_json(Envelope.of(reply.to_wire()).to_wire()))

    def write_error(self, error: InterconnError) -> WireReply:
        """Return a failure: HTTP 200 for business errors, else 400, 401, 403 (resolution 25)."""
        return WireReply(error.http_status, canonical_json(Envelope.of_error(error).to_wire()))

    def read_reply(self, endpoint: Endpoint[Any, Any], reply: WireReply) -> WireModel:
        """Read a reply; `data` may be `{}`, null or absent where there is nothing to say (MGT-2.3-data)."""
        try:
            envelope = validate(Envelope, parse_json(reply.body))
        except InvalidRequest as error:
            if reply.status in (502, 503, 504):
                raise PeerUnreachable(
                    f"a gateway answered {reply.status} in the partner's place", where=endpoint.path
                ) from None
            raise PeerReplyInvalid(
                f"HTTP {reply.status} without the standard's envelope: {error.message}",
                where=endpoint.path,
                clause="MGT-2.3-envelope",
            ) from None
        if envelope.code not in SUCCESS_CODES:
            raise PeerRefused(
                # The clause of the call is named by this error; a partner like us names it in its words too.
                f"the partner refused: {_shown(envelope.msg).replace(f' [{endpoint.clause}]', '')}",
                where=endpoint.path,
                clause=endpoint.clause,
                peer_code=envelope.code,
                peer_message=_shown(envelope.msg),
            )
        try:
            model: WireModel = validate(endpoint.reply, envelope.data or {}, clause=endpoint.clause)
        except InvalidRequest as error:
            raise PeerReplyInvalid(
                f"the partner's answer lacks what the standard demands: {error.message}",
                where=endpoint.path,
                clause=endpoint.clause,
            ) from None
        return model


def _together(query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
    for name in query.keys() & body.keys():
        if query[name] != _text(body[name]):
            raise InvalidRequest("the member differs between query and body", where=name, clause="MGT-2.1-http")
    return {**query, **body}


def _shown(message: str) -> str:
    # A partner's words end up in terminals: nothing that moves the cursor.
    return "".join(letter if letter.isprintable() or letter.isspace() else "?" for letter in message[:2000])


def _text(value: Any) -> str:
    return (
        str(value) if isinstance(value, str | int) and not isinstance(value, bool) else canonical_json(value).decode()
    )


STANDARD: Final[Dialect] = StandardDialect()
