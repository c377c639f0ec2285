"""Certificates made here serve a real TLS handshake."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from interconn.identity.certificates import Certificate, create_authority, create_node_certificate


def contexts(
    folder: Path, served: Certificate, trusted: bytes, *, strict: bool = False
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    (folder / "certificate.pem").write_bytes(served.certificate)
    (folder / "key.pem").write_bytes(served.private_key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_STRICT if strict else ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cadata=trusted.decode())
    return server, client


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(here, server_side=True) as tls:
                tls.sendall(tls.recv(5))
        except OSError:
            here.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(there, server_hostname=name) as tls:
            tls.sendall(b"hello")
            assert tls.recv(5) == b"hello"
            return tls.version()
    finally:
        there.close()
        thread.join()


@pytest.mark.parametrize("strict", [False, True], ids=["as nodes check", "strict RFC 5280"])
@pytest.mark.parametrize("name", ["node-a.example", "127.0.0.1", "::1"])
def test_certificate_of_an_authority(tmp_path: Path, name: str, strict: bool) -> None:
    authority = create_authority("Test authority")
    served = create_node_certificate("node-a", ["node-a.example", "127.0.0.1", "::1"], authority)
    server, client = contexts(tmp_path, served, authority.certificate, strict=strict)
    assert handshake(server, client, name) in ("TLSv1.2", "TLSv1.3")


def test_certificate_that_signs_itself(tmp_path: Path) -> None:
    served = create_node_certificate("node-a", ["127.0.0.1"])
    assert handshake(*contexts(tmp_path, served, served.certificate), "127.0.0.1")


def test_another_authority(tmp_path: Path) -> None:
    served = create_node_certificate("node-a", ["127.0.0.1"], create_authority("Test authority"))
    stranger = create_authority("Test authority")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(*contexts(tmp_path, served, stranger.certificate), "127.0.0.1")


def test_another_address(tmp_path: Path) -> None:
    authority = create_authority("Test authority")
    served = create_node_certificate("node-a", ["127.0.0.1"], authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(*contexts(tmp_path, served, authority.certificate), "127.0.0.2")


def test_a_node_is_no_authority(tmp_path: Path) -> None:
    authority = create_authority("Test authority")
    node = create_node_certificate("node-a", ["127.0.0.1"], authority)
    forged = create_node_certificate("node-b", ["127.0.0.2"], node)
    chain = Certificate(forged.certificate + node.certificate, forged.private_key)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(*contexts(tmp_path, chain, authority.certificate), "127.0.0.2")


def test_a_key_is_not_shown() -> None:
    assert repr(create_authority("Test authority")) == "Certificate(...)"
