"""A node as a process: its three listeners kept apart, its own API guarded, its end in good order."""

from __future__ import annotations

import itertools
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from interconn.node.settings import AdminSection, ComponentSection, InitialSettings, NodeSection, PartnerSection
from interconn.node.setup import initialise

NODE = NodeSection(node_id="bank", inst_id="bank-institution", institution="Example Bank", name="Bank")
SHARED_PATHS = {"/healthz", "/openapi.json"}


class Running:
    """A node that runs, and its addresses."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home.parent / "log"
        self.process = self._start()
        told = home / "run" / "listeners.json"
        deadline = time.monotonic() + 30
        while not told.exists():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.urls: dict[str, str] = {name: url for name, url in json.loads(told.read_text()).items() if name != "pid"}
        trusting_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting_nobody.load_verify_locations(home / "tls" / "node.pem")
        trusting_nobody.check_hostname = False
        self.pool = urllib3.PoolManager(ssl_context=trusting_nobody, retries=False, timeout=10)

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "interconn", "node", "run", "--home", str(self.home)], stdout=log, stderr=log
            )

    def again(self) -> subprocess.Popen[bytes]:
        """Start a second process for the same home."""
        return self._start()

    def ask(self, listener: str, path: str, method: str = "GET", **options: Any) -> urllib3.BaseHTTPResponse:
        """Call a listener."""
        return self.pool.request(method, self.urls[listener] + path, **options)

    def document(self, listener: str) -> dict[str, Any]:
        """Return a listener's OpenAPI document."""
        found: dict[str, Any] = self.ask(listener, "/openapi.json").json()
        return found


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("node") / "home"
    initialise(
        InitialSettings(
            home=home,
            node=NODE,
            partner=PartnerSection(host="127.0.0.1", port=0),
            component=ComponentSection(port=0),
            admin=AdminSection(port=0),
        )
    )
    running = Running(home)
    yield running
    running.pool.clear()
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(timeout=30)


def test_each_listener_is_well_and_describes_itself(node: Running) -> None:
    for listener in ("partner", "component", "admin"):
        assert node.ask(listener, "/healthz").json() == {"status": "ok"}
        assert node.document(listener)["openapi"].startswith("3.1")


@pytest.mark.parametrize(("listener", "other"), list(itertools.permutations(("partner", "component", "admin"), 2)))
def test_no_path_of_one_listener_is_served_on_another(node: Running, listener: str, other: str) -> None:
    paths = set(node.document(listener)["paths"]) - SHARED_PATHS
    assert paths
    for path in paths:
        for method in node.document(listener)["paths"][path]:
            assert node.ask(other, path, method.upper()).status == 404, f"{method} {path}"


def test_channel_paths_are_those_of_their_listener(node: Running) -> None:
    for path in ("push", "pop", "peek", "release"):
        assert node.ask("partner", f"/v1/interconn/chan/{path}", "POST").json()["code"] != "E0000000000"
        assert node.ask("admin", f"/v1/interconn/chan/{path}", "POST").status == 404
    assert node.ask("component", "/v1/interconn/chan/invoke", "POST").json()["code"] == "E0000000404"


def test_a_node_is_ready_and_counts(node: Running) -> None:
    assert node.ask("admin", "/readyz").json() == {"ready": True}
    figures = node.ask("admin", "/metrics").data.decode()
    assert "interconn_ready 1.0" in figures
    assert "interconn_outbox_waiting 0.0" in figures


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic YWRtaW46YWRtaW4=", "bearer  ", "Token x"]
)
def test_the_own_api_is_closed_without_its_token(node: Running, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    for path, operations in node.document("admin")["paths"].items():
        for method in operations:
            reply = node.ask("admin", path, method.upper(), headers=headers)
            assert reply.status == 401, f"{method} {path}"
            assert reply.json()["code"] == 40105


def test_the_admin_token_opens_the_own_api(node: Running) -> None:
    token = (node.home / "admin.token").read_text().strip()
    reply = node.ask("admin", "/api/v1/node/status", headers={"authorization": f"Bearer {token}"})
    assert reply.json()["data"]["node_id"] == "bank"
    assert token not in node.log.read_text()


def test_old_tls_is_refused(node: Running) -> None:
    """TRN-G5.1.1.1-tls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool, pytest.raises(urllib3.exceptions.SSLError):
        pool.request("GET", node.urls["partner"] + "/healthz")


def test_a_second_process_of_the_same_node_is_refused(node: Running) -> None:
    second = node.again()
    assert second.wait(timeout=30) != 0
    assert "running already" in node.log.read_text()
    assert node.ask("admin", "/readyz").status == 200


def test_no_secret_stands_in_the_process_list(node: Running) -> None:
    command = Path(f"/proc/{node.process.pid}/cmdline")
    if not command.exists():
        pytest.skip("no /proc on this system")
    token = (node.home / "admin.token").read_text().strip()
    assert token.encode() not in command.read_bytes()
    assert token.encode() not in Path(f"/proc/{node.process.pid}/environ").read_bytes()


def test_a_node_that_is_told_to_stop_stops_in_good_order(node: Running) -> None:
    """Last in this file: the node is gone afterwards."""
    node.pool.clear()
    os.kill(node.process.pid, signal.SIGTERM)
    assert node.process.wait(timeout=30) == 0
    assert not (node.home / "run" / "listeners.json").exists()
    lines = [json.loads(line) for line in node.log.read_text().splitlines() if line.startswith("{")]
    assert lines[-1]["event"] == "stopped"
    assert not [line for line in lines if line.get("level") == "error"]
