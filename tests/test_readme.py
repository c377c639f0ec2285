"""What the READMEs tell a newcomer to type is typed here, and both languages tell the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from interconn.lab.ports import reserved

LANGUAGES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```(\w+)( run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
PORT = re.compile(r"\b7[34]0[456]\b")
PLAIN_PORTS = "--port 7304 --component-port 7305 --admin-port 7306"

# Each block is what one person types; what it causes has reached the partner before the next person begins.
PRELUDE = """
set -euo pipefail
trap 'kill $(jobs -p); wait' EXIT
settled() { "$PYTHON" -c "
from pathlib import Path
from interconn.client import NodeClient
for home in Path('try').glob('*/run/listeners.json'):
    with NodeClient.from_home(home.parents[1]) as node:
        while node.node.status().waiting_messages:
            pass
"; }
"""


def blocks(text: str) -> list[tuple[str, bool, str]]:
    """Language, whether it is run here, and content of each block of code."""
    return [(language, bool(run), content) for language, run, content in BLOCK.findall(text)]


def test_both_languages_show_the_same_commands(repository: Path) -> None:
    english, chinese = ((repository / name).read_text(encoding="utf-8") for name in LANGUAGES)
    stripped = [[(language, run, re.sub(r"\s+#.*", "", content)) for language, run, content in blocks(text)]
                for text in (english, chinese)]  # fmt: skip
    assert stripped[0] == stripped[1]
    assert len([content for _, run, content in stripped[0] if run]) > 10


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_link_leads_somewhere(name: str, repository: Path) -> None:
    targets = LINK.findall((repository / name).read_text(encoding="utf-8"))
    assert len(targets) > 5
    assert [target for target in targets if not (repository / target).exists()] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_target_of_make_that_is_named_exists(name: str, repository: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (repository / name).read_text(encoding="utf-8"), re.MULTILINE))
    known = set(re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named <= known


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_walk_through_works_as_written(repository: Path, tmp_path: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    written = "\nsettled\n".join(content for _, run, content in blocks(text) if run)
    run = typed(written + python_examples(text), repository, tmp_path)
    assert run.returncode == 0, run.stderr + run.stdout[-3000:]
    assert "FINISHED SUCCESS" in run.stdout
    assert run.stdout.rstrip().splitlines()[-1].startswith("operator APPROVED")
    for home, role in (("bank", "guest-0"), ("operator", "host-0")):
        assert len(list((tmp_path / "try" / home / "storage").glob(f"job-*-{role}/*-aligned/data_0"))) == 1


def typed(written: str, repository: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type what is written for two nodes into a shell, in a folder with the examples; both end with it."""
    (folder / "examples").symlink_to(repository / "examples")
    command = folder / "bin/interconn"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m interconn "$@"\n')
    command.chmod(0o755)
    # Other ports than those written, as another node may run on this machine.
    written = written.replace("--home try/bank --host 127.0.0.1", f"--home try/bank --host 127.0.0.1 {PLAIN_PORTS}", 1)
    with reserved(6) as ports:
        names = ["7304", "7305", "7306", "7404", "7405", "7406"]
        free = dict(zip(names, map(str, ports), strict=True))
        return subprocess.run(
            ["bash"],
            input=PRELUDE + PORT.sub(lambda found: free[found[0]], written),
            cwd=folder,
            env={"PYTHON": sys.executable, "PATH": f"{command.parent}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
        )


def python_examples(text: str) -> str:
    """The Python of the README as the end of a shell script."""
    return "".join(
        f"\n\"$PYTHON\" - <<'PYTHON'\n{content}PYTHON\n"
        for language, _, content in blocks(text)
        if language == "python"
    )
