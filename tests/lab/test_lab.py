"""Labs of real processes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interconn.lab import Lab, processes
from interconn.standard.errors import ConfigurationError, InvalidRequest, NotFound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def interconn(*arguments: str, status: int = 0) -> Any:
    """Run a command as a process of its own and return the JSON it printed."""
    run = subprocess.run(
        [sys.executable, "-m", "interconn", *arguments, "--json"], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == status, run.stderr + run.stdout
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab of three nodes, made by the command."""
    directory = tmp_path_factory.mktemp("labs") / "lab"
    interconn("lab", "up", "--nodes", "3", "--home", str(directory))
    yield directory
    interconn("lab", "down", "--home", str(directory))
    assert not directory.exists()


def test_the_nodes_outlive_the_command_with_contracts_among_all(home: Path) -> None:
    states = interconn("lab", "status", "--home", str(home))
    assert [(state["state"], state["contracts"]) for state in states] == [("ready", 2)] * 3


def test_what_a_machine_is_told_of_each_node(home: Path) -> None:
    for node in Lab.open(home).nodes:
        told = node.to_json()
        assert set(told) == {
            "node_id", "inst_id", "partner_url", "component_url", "admin_url", "grpc", "home", "admin_token",
        }  # fmt: skip
        assert told["partner_url"] == f"https://{told['grpc']}"
        assert told["home"] == str(home / node.node_id)
        assert told["admin_token"] == (home / node.node_id / "admin.token").read_text().strip()


def test_each_node_reaches_each_other(home: Path) -> None:
    lab = Lab.open(home)
    for node_id, client in lab.clients().items():
        for other in lab.nodes:
            if other.node_id != node_id:
                assert client.peers.ask(other.node_id).health == "ok"


def test_a_session_is_opened_on_each_node_with_a_token_of_its_own(home: Path) -> None:
    opened = interconn("lab", "session", "--nodes", "node-1,node-3", "--home", str(home))
    assert set(opened["tokens"]) == {"node-1", "node-3"}
    assert len(set(opened["tokens"].values())) == 2
    lab = Lab.open(home)
    known = {
        node_id: [session.session_id for session in client.sessions.list().sessions]
        for node_id, client in lab.clients().items()
    }
    assert opened["session_id"] in known["node-1"]
    assert opened["session_id"] in known["node-3"]
    assert opened["session_id"] not in known["node-2"]


def test_a_session_needs_two_different_nodes_of_the_lab(home: Path) -> None:
    lab = Lab.open(home)
    with pytest.raises(InvalidRequest):
        lab.open_session(["node-1"])
    with pytest.raises(InvalidRequest):
        lab.open_session(["node-1", "node-1"])
    with pytest.raises(NotFound):
        lab.open_session(["node-1", "node-9"])


def test_a_second_lab_in_the_directory_is_refused_and_the_first_goes_on(home: Path) -> None:
    error = interconn("lab", "up", "--nodes", "1", "--home", str(home), status=1)
    assert "lab down" in error["error"]["hint"]
    assert all(state.ready for state in Lab.open(home).status())


@pytest.mark.fault
def test_a_killed_node_shows_and_comes_back_with_its_contracts_and_address(home: Path) -> None:
    lab = Lab.open(home)
    before = lab.node("node-2")
    lab.kill("node-2")
    states = {state["node_id"]: state["state"] for state in interconn("lab", "status", "--home", str(home), status=1)}
    assert states == {"node-1": "ready", "node-2": "stopped", "node-3": "ready"}
    lab.start("node-2")
    after = lab.node("node-2")
    assert (after.partner_url, after.admin_url) == (before.partner_url, before.admin_url)
    assert after.pid != before.pid
    assert lab.client("node-1").peers.ask("node-2").health == "ok"
    assert all(state.ready and state.contracts == 2 for state in Lab.open(home).status())
    with pytest.raises(ConfigurationError, match="running already"):
        lab.start("node-2")


def test_a_node_that_a_person_started_again_is_known(home: Path) -> None:
    lab = Lab.open(home)
    lab.stop("node-3")
    node = lab.node("node-3")
    pid = processes.start(node.directory, node.log)  # as `interconn node run --home …` does; the lab is not told
    processes.wait_ready(node.started(pid))
    assert [state.pid for state in Lab.open(home).status() if state.node_id == "node-3"] == [pid]


def test_labs_made_at_the_same_moment_do_not_collide(tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("one", "two")]
    up = [sys.executable, "-m", "interconn", "lab", "up", "--nodes", "2", "--home"]
    making = [subprocess.Popen([*up, str(home)], stdout=subprocess.DEVNULL) for home in homes]
    try:
        assert [one.wait(timeout=50) for one in making] == [0, 0]
        assert all(state.ready and state.contracts == 1 for home in homes for state in Lab.open(home).status())
    finally:
        for home in homes:
            Lab.open(home).down()


def test_nodes_that_have_never_met_do_not_know_each_other(tmp_path: Path) -> None:
    lab = Lab.create_without_contracts(tmp_path / "lab", 2)
    try:
        with pytest.raises(NotFound, match="no contract"):
            lab.client("node-1").peers.ask("node-2")
    finally:
        assert sorted(lab.down(keep=True)) == ["node-1", "node-2"]
    assert not any(lab.is_running(node.node_id) for node in lab.nodes)
    assert (tmp_path / "lab/node-1/node.toml").exists()
    assert lab.down() == []


def test_a_node_that_does_not_start_tells_its_last_words_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on 192\.0\.2\.1"):
        Lab.create(tmp_path / "lab", 2, environment={"INTERCONN_ADMIN__HOST": "192.0.2.1"})
    assert not (tmp_path / "lab").exists()
