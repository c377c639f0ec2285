"""The partner's own HTTPS server: verifies what comes in, signs what goes out."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.interoperation.signature import Asked, Credential, Signer, lower, reply_string, request_string

REQUIRED = ("x-source-node-id", "x-target-node-id", "x-nonce", "x-timestamp", "x-trace-id")
WINDOW_MILLISECONDS = 300_000


@dataclass(frozen=True)
class Incoming:
    """A request that arrived, as it was on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def members(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Outgoing:
    """What is answered; `data` of an envelope, or bytes of another media type."""

    data: Any = None
    code: int = 0
    message: str = ""
    status: int = 200
    content_type: str = "application/json"
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return json.dumps({"code": self.code, "msg": self.message, "data": self.data or {}}).encode()


Answer = Callable[[Incoming], Outgoing]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1; paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "handwritten partner")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "partner.pem", folder / "partner.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@dataclass
class Server:
    """Serves the routes given to it, and keeps everything that came in."""

    node_id: str
    signer: Signer
    certificate: Path
    private_key: Path
    key_of: Callable[[Incoming], Credential | None]
    """The key that must have signed a request; None where the standard has it unsigned."""
    routes: dict[tuple[str, str], Answer] = field(default_factory=dict)
    arrived: list[Incoming] = field(default_factory=list)
    refused: list[tuple[str, Incoming]] = field(default_factory=list)
    nonces: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body go out in two segments otherwise, and wait for each other's acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                incoming = Incoming(self.command, self.path, lower(self.headers.items()), body)
                outgoing = server.serve(incoming)
                asked = Asked(
                    incoming.headers.get("x-source-node-id", ""),
                    incoming.headers.get("x-nonce", ""),
                    incoming.method,
                    incoming.target,
                    body,
                )
                content = reply_string(
                    server.signer.credential,
                    server.node_id,
                    asked,
                    outgoing.status,
                    outgoing.content_type,
                    outgoing.body,
                )
                self.send_response(outgoing.status)
                self.send_header("content-type", outgoing.content_type)
                self.send_header("content-length", str(len(outgoing.body)))
                self.send_header("x-auth-sign", server.signer.sign(content))
                self.end_headers()
                self.wfile.write(outgoing.body)

            do_GET = respond  # noqa: N815
            do_POST = respond  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Tests look at `arrived`; nothing is printed."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.private_key)
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"https://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def serve(self, incoming: Incoming) -> Outgoing:
        self.arrived.append(incoming)
        reason = self.objection(incoming)
        if reason:
            self.refused.append((reason, incoming))
            return Outgoing(code=40100, message=reason, status=401)
        answer = self.routes.get((incoming.method, incoming.path))
        if answer is None:
            return Outgoing(code=40400, message=f"{incoming.path} is not served", status=404)
        return answer(incoming)

    def objection(self, incoming: Incoming) -> str:
        """Why a request is refused before it is looked at; empty if it is not."""
        headers = incoming.headers
        missing = [name for name in REQUIRED if not headers.get(name)]
        if incoming.method == "POST" and not headers.get("x-csrf-protection"):
            missing.append("x-csrf-protection")
        if missing:
            return f"without {missing}"
        if headers["x-target-node-id"] != self.node_id:
            return "for another node"
        if abs(int(headers["x-timestamp"]) - time.time_ns() // 1_000_000) > WINDOW_MILLISECONDS:
            return "stale"
        key = self.key_of(incoming)
        if key is None:
            if not incoming.path.startswith("/v1/interconn/node/"):
                return "nobody whose key is known"
        else:
            content = request_string(key, incoming.method, incoming.target, headers, incoming.body)
            if not key.verifies(headers.get("x-auth-sign", ""), content):
                return "signature"
        nonce = (headers["x-source-node-id"], headers["x-nonce"])
        if nonce in self.nonces:
            return "replayed"
        self.nonces.add(nonce)
        return ""

    def arrivals(self, path: str) -> list[Incoming]:
        return [incoming for incoming in self.arrived if incoming.path == path]
