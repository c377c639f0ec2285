"""S3 services on this machine: a whole one, and those that misbehave."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.server import ThreadedMotoServer
from pyarrow import fs

from interconn.storage.address import StorageAddress, parse_storage_address

USER, PASSWORD = "minister", "s3cret-of-the-store"


def address(port: int, bucket: str = "storage") -> StorageAddress:
    """Of a service on this machine."""
    return parse_storage_address(f"s3://127.0.0.1:{port}?username={USER}&password={PASSWORD}&bucket={bucket}")


@contextlib.contextmanager
def s3_service() -> Iterator[StorageAddress]:
    """A service with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        there = filesystem(address(port), allow_bucket_creation=True)
        there.create_dir("storage")
        there.delete_dir_contents("storage")  # services of one process share what they keep
        yield address(port)
    finally:
        server.stop()


def filesystem(of: StorageAddress, **parts: Any) -> fs.S3FileSystem:
    """A view of a service that is none of ours."""
    return fs.S3FileSystem(
        access_key=of.username, secret_key=of.password, endpoint_override=f"{of.host}:{of.port}", scheme="http",
        region="us-east-1", **parts,
    )  # fmt: skip


@contextlib.contextmanager
def answering(status: int | None) -> Iterator[StorageAddress]:
    """A service that answers everything with a status, or nothing at all."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if status is None:
                over.wait(30)
                self.close_connection = True
                return
            if not self.parse_request():
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield address(server.server_address[1])
    finally:
        over.set()
        server.shutdown()
        server.server_close()
