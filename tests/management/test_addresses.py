"""Addresses of nodes (MGT-3.1)."""

import pytest

from interconn.management.contracts.addresses import base_url
from interconn.standard.errors import InvalidRequest


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("node.example:7304", "https://node.example:7304"),
        ("node.example", "https://node.example"),
        ("http://127.0.0.1:7304/", "http://127.0.0.1:7304"),
        (" https://Node.Example/gateway/a/ ", "https://node.example/gateway/a"),
        ("https://[::1]:7304", "https://[::1]:7304"),
        ("https://node.example.:7304", "https://node.example.:7304"),
        (f"https://{'n' * 63}.example", f"https://{'n' * 63}.example"),
    ],
)
def test_usable(given, url):
    assert base_url(given) == url
    assert base_url(url) == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "https://",
        "ftp://node.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:word@node.example",
        "https://node.example/?a=1",
        "https://node.example/#a",
        "https://node.example/a b",
        "https://node.example/\r\nx: y",
        "https://node.example/..\\..",
        "node.example:0",
        "node.example:65536",
        "node.example:port",
        "https://[::1",
        "https://node..example",
        "https://.example",
        "https://1..2",
        f"https://{'n' * 64}.example",
        "https://" + ".".join(["n" * 63] * 4),
        "https://no de",
    ],
)
def test_unusable(given):
    with pytest.raises(InvalidRequest):
        base_url(given)
