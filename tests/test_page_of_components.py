"""What docs/components.md tells the author of a component to type is typed here."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from interconn.cli.application import app
from interconn.sdk.component import Context
from tests.test_readme import LINK, blocks


def page(repository: Path) -> str:
    return (repository / "docs" / "components.md").read_text(encoding="utf-8")


def test_the_page_is_typed_from_its_first_line_to_its_last(repository: Path, tmp_path: Path) -> None:
    script = "\n".join(content for _, run, content in blocks(page(repository)) if run)
    assert script.count("interconn ") == 2
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(ran.stdout[ran.stdout.rindex("{") :]) == {"rows": 3, "total": 7, "parties": 2}


def test_every_command_of_the_page_is_one(repository: Path) -> None:
    lines = re.findall(r"^interconn (.*)$", page(repository), re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        command, bound, *_ = app.parse_args(shlex.split(line), exit_on_error=False, print_error=False)
        assert command is not None
        assert bound is not None


def test_what_the_page_names_of_a_context_is_there(repository: Path) -> None:
    named = set(re.findall(r"context\.(\w+)", page(repository)))
    assert len(named) > 6
    assert {name for name in named if not hasattr(Context, name)} <= {
        "parameters",
        "environment",
        "transport",
        "work_directory",
    }


def test_every_link_of_the_page_leads_somewhere(repository: Path) -> None:
    assert [target for target in LINK.findall(page(repository)) if not (repository / "docs" / target).exists()] == []
