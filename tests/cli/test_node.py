"""`interconn node init` and `node run` on real homes."""

import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from interconn.lab.ports import reserved
from tests.cli.conftest import Interconn

WHO = ("node", "init", "--node-id", "bank", "--inst-id", "bank.example")


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERCONN_HOME", raising=False)


def test_init_makes_a_node_and_tells_its_fingerprint(interconn: Interconn, tmp_path: Path) -> None:
    ran = interconn(*WHO, "--institution", "A Bank", "--hosts", "node.bank.example", "--port", "8304", "--json")
    home = tmp_path / ".interconn/node"
    assert ran.status == 0
    assert len(ran.json["fingerprint"]) == 64
    assert Path(ran.json["home"]).absolute() == home
    written = tomllib.loads((home / "node.toml").read_text())
    assert written["node"]["institution"] == "A Bank"
    assert written["partner"]["address"] == "https://node.bank.example:8304"
    for secret in (home / "admin.token", home / "keys/signing_key.pem", home / "tls/node.key"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_init_tells_a_person_what_comes_next(interconn: Interconn) -> None:
    ran = interconn(*WHO, "--home", "bank")
    assert "interconn node run --home bank" in ran.out
    assert "fingerprint" in ran.out


def test_a_node_is_never_overwritten(interconn: Interconn, tmp_path: Path) -> None:
    interconn(*WHO, "--home", "bank")
    before = (tmp_path / "bank/admin.token").read_text()
    ran = interconn(*WHO, "--home", "bank")
    assert ran.status == 1
    assert "a node is here already" in ran.err
    assert (tmp_path / "bank/admin.token").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--port", "70000"), "port"),
        (("--address", "node.bank.example"), "address"),
        (("--certificate", "cert.pem"), "certificate"),
    ],
    ids=["a port too high", "an address without scheme", "a certificate without key"],
)
def test_what_cannot_be_configured_is_named(arguments: tuple[str, str], named: str, interconn: Interconn) -> None:
    ran = interconn(*WHO, *arguments, "--home", "bank")
    assert ran.status in (1, 2)
    assert named in ran.err


def test_authorities_in_files_of_one_name_are_not_taken_for_one(interconn: Interconn, tmp_path: Path) -> None:
    for partner in ("fund", "operator"):
        (tmp_path / partner).mkdir()
        (tmp_path / partner / "node.pem").write_text(partner)
    ran = interconn(*WHO, "--trusted", "fund/node.pem", "--trusted", "operator/node.pem", "--home", "bank")
    assert ran.status == 1
    assert "two files of the same name" in ran.err
    assert not (tmp_path / "bank/node.toml").exists()


def test_a_signing_way_that_is_none_is_wrong_usage(interconn: Interconn) -> None:
    ran = interconn(*WHO, "--auth-type", "MD5")
    assert ran.status == 2
    assert "SHA256_ECDSA" in ran.err


def test_running_where_no_node_is_says_so(interconn: Interconn) -> None:
    ran = interconn("node", "run", "--home", "nowhere")
    assert ran.status == 1
    assert "node init" in ran.err


@pytest.mark.slow
def test_a_port_in_use_is_named_with_what_to_do(interconn: Interconn, tmp_path: Path) -> None:
    with reserved(3) as ports, socket.create_server(("127.0.0.1", ports[0])):
        names = ("--port", "--component-port", "--admin-port")
        chosen = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
        interconn(*WHO, "--home", "bank", "--host", "127.0.0.1", *chosen)
        command = [sys.executable, "-m", "interconn", "node", "run", "--home", "bank"]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1
    assert f"cannot listen on 127.0.0.1:{ports[0]}: the port is in use" in run.stderr
    assert "INTERCONN_PARTNER__PORT" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_node_that_does_not_run_is_not_ready(interconn: Interconn) -> None:
    interconn("node", "init", "--node-id", "bank", "--inst-id", "bank.example", "--home", "bank")
    ran = interconn("node", "ready", "--home", "bank")
    assert (ran.status, "not running" in ran.err) == (1, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ran = interconn("node", "ready", "--url", f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (ran.status, "not ready" in ran.err) == (1, True)
