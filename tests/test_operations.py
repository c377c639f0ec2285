"""What docs/operations.md tells an operator to type is typed here, with stand-ins for root and systemd."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.cli.application import app
from interconn.lab.ports import reserved
from tests.test_readme import LINK, blocks

COMMAND = "/opt/interconn/.venv/bin/interconn"
STATE = "/var/lib/interconn"

# The node's own user and the service manager are the machine's; who runs this is neither asked for nor changed.
STAND_INS = """
set -euo pipefail
NODE=
sudo() { shift 2; "$@"; }
install() { shift 2; command install "$@"; }
systemctl() { case "$1" in
    enable|start) interconn node run --home state/node >> node.log & NODE=$!
        interconn node status --home state/node --wait 60 > /dev/null ;;
    stop) kill "$NODE"; wait "$NODE" ;;
esac; }
trap 'test -z "$(jobs -p)" || kill $(jobs -p); wait' EXIT
mkdir state
"""


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs/operations.md").read_text(encoding="utf-8")


def command_lines(text: str) -> Iterator[list[str]]:
    """Arguments of every command of ours on the page, in blocks and, beginning with its name, in sentences."""
    whole = text.replace("\\\n", " ")
    for found in re.findall(rf"{re.escape(COMMAND)} (.*)$", whole, re.MULTILINE):
        yield shlex.split(found)
    for found in re.findall(r"`interconn ([^`]*)`", whole):
        yield shlex.split(found)


def test_every_command_of_the_page_is_one(page: str) -> None:
    lines = list(command_lines(page))
    assert len(lines) > 8
    for line in lines:
        command, bound, *_ = app.parse_args(line, exit_on_error=False, print_error=False)
        assert command is not None
        assert bound is not None


def test_every_link_of_the_page_leads_somewhere(page: str, repository: Path) -> None:
    assert [target for target in LINK.findall(page) if not (repository / "docs" / target).exists()] == []


def test_every_figure_of_the_page_is_served(page: str, repository: Path) -> None:
    source = (repository / "src/interconn/node/metrics.py").read_text(encoding="utf-8")
    named = set(re.findall(r"`(interconn_\w+)`", page))
    assert named
    assert [name for name in named if f'"{name}"' not in source] == []


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_node_is_made_backed_up_and_restored_as_written(page: str, tmp_path: Path) -> None:
    command = tmp_path / "bin/interconn"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m interconn "$@"\n')
    command.chmod(0o755)
    written = "\n".join(content for _, run, content in blocks(page) if run)
    written = written.replace(COMMAND, "interconn").replace(STATE, "state")
    with reserved(3) as ports:
        settings = dict(
            zip(("INTERCONN_PARTNER__PORT", "INTERCONN_COMPONENT__PORT", "INTERCONN_ADMIN__PORT"), map(str, ports),
                strict=True)
        )  # fmt: skip
        ran = subprocess.run(
            ["bash"],
            input=f"{STAND_INS}\n{written}\ninterconn node fingerprint --home state/node",
            cwd=tmp_path,
            env={
                "PATH": f"{command.parent}:/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                "INTERCONN_PARTNER__HOST": "127.0.0.1",
                **settings,
            },
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0, ran.stderr + ran.stdout[-3000:]
    made, *_, restored = re.findall(r"\b[0-9a-f]{64}\b", ran.stdout)
    assert made == restored
    assert (tmp_path / "state/node.before").is_dir()
    listed = ["tar", "-tzf", "state/bank.backup"]
    names = subprocess.run(listed, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "home/node.toml" in names.stdout
    assert "signing_key" not in names.stdout
    assert "nonces" not in names.stdout
