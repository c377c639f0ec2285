"""The partner's transport: what arrives by invoke is queued by session and topic, what it sends goes by invoke."""

import base64
import json
import queue
import secrets
import threading
from collections import defaultdict
from dataclasses import dataclass, field

from tests.interoperation.client import Caller, Reply
from tests.interoperation.protobuf import message, octets, parse
from tests.interoperation.server import Incoming, Outgoing

INVOKE = "/v1/interconn/chan/invoke"
PUSH = "/v1/interconn/chan/push"
PROTOBUF, JSON = "application/x-protobuf", "application/json"
SUCCESS, UNDECODABLE = "E0000000000", "E0000000616"
HEADERS = ("tech-provider-code", "trace-id", "token", "uri", "source-node-id", "target-node-id", "session-id")


@dataclass
class Channel:
    """Queues of one partner."""

    caller: Caller
    queues: dict[tuple[str, str], "queue.Queue[bytes]"] = field(default_factory=lambda: defaultdict(queue.Queue))
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_invoke(self, incoming: Incoming) -> Outgoing:
        """Take a push of the node (TRN-2.2.1), transparent or enveloped (TRN-5.2)."""
        headers = incoming.headers
        missing = [name for name in HEADERS if not headers.get(f"x-ptp-{name}")]
        if missing or headers["x-ptp-uri"] != PUSH:
            return self.answer(headers, "E0000000400", f"without {missing}" if missing else "only push is served")
        transparent = headers.get("x-ptp-version") == "1"
        media_type = headers.get("content-type", JSON).partition(";")[0].strip()
        try:
            topic, payload = read_push(
                incoming.body if transparent else read_inbound(incoming.body, media_type), media_type
            )
        except (AssertionError, ValueError, IndexError, KeyError) as error:
            return self.answer(headers, UNDECODABLE, str(error))
        with self.lock:
            # The node repeats a push whose answer it did not get, under the same id (docs/partners.md).
            repeated = headers.get("x-interconn-message-id")
            if not repeated or repeated not in self.seen:
                self.queues[headers["x-ptp-session-id"], topic or headers.get("x-ptp-topic", "")].put(payload)
            if repeated:
                self.seen.add(repeated)
        return self.answer(headers, SUCCESS, "success")

    @staticmethod
    def answer(headers: dict[str, str], code: str, text: str) -> Outgoing:
        if headers.get("content-type", "").startswith(PROTOBUF):
            return Outgoing(raw=message({3: code, 4: text}), content_type=PROTOBUF)
        return Outgoing(raw=json.dumps({"code": code, "message": text}).encode(), content_type=JSON)

    def pop(self, session: str, topic: str, seconds: float) -> bytes:
        """The next message; `queue.Empty` if none comes in time."""
        return self.queues[session, topic].get(timeout=seconds)

    def ptp_headers(self, session: str, **changed: str) -> dict[str, str]:
        return {
            "x-ptp-version": "1",
            "x-ptp-tech-provider-code": "handwritten",
            "x-ptp-trace-id": secrets.token_hex(8),
            "x-ptp-token": "a-token-of-ours",
            "x-ptp-uri": PUSH,
            "x-ptp-session-id": session,
            "x-ptp-source-node-id": self.caller.node_id,
            "x-ptp-target-node-id": self.caller.peer,
        } | changed

    def push(
        self,
        session: str,
        topic: str,
        payload: bytes,
        *,
        enveloped: bool = False,
        media_type: str = PROTOBUF,
        **changed: str,
    ) -> Reply:
        """Push to the node; its answer."""
        body = write_push(topic, payload, media_type)
        headers = self.ptp_headers(session, **{name.replace("_", "-"): value for name, value in changed.items()})
        if enveloped:
            del headers["x-ptp-version"]
            body = write_inbound(body, media_type)
        request = self.caller.unsigned("POST", INVOKE, body)
        for name, value in (headers | {"content-type": media_type}).items():
            request = request.with_header(name, value)
        return self.caller.send(self.caller.signed(request))


def read_push(body: bytes, media_type: str) -> tuple[str, bytes]:
    if media_type == PROTOBUF:
        fields = parse(body)
        return octets(fields, 1).decode(), octets(fields, 2)
    members = json.loads(body)
    return members.get("topic") or "", base64.b64decode(members["payload"], validate=True)


def write_push(topic: str, payload: bytes, media_type: str) -> bytes:
    if media_type == PROTOBUF:
        return message({1: topic, 2: payload})
    return json.dumps({"topic": topic, "payload": base64.b64encode(payload).decode()}).encode()


def read_inbound(body: bytes, media_type: str) -> bytes:
    if media_type == PROTOBUF:
        return octets(parse(body), 2)
    return base64.b64decode(json.loads(body)["payload"], validate=True)


def write_inbound(payload: bytes, media_type: str) -> bytes:
    if media_type == PROTOBUF:
        return message({2: payload})
    return json.dumps({"payload": base64.b64encode(payload).decode()}).encode()


def code_of(reply: Reply) -> tuple[str, str]:
    """Code and words of a transport reply."""
    if reply.content_type.startswith(PROTOBUF):
        fields = parse(reply.body)
        return octets(fields, 3).decode(), octets(fields, 4).decode()
    return str(reply.envelope["code"]), str(reply.envelope.get("message", reply.envelope.get("msg", "")))
