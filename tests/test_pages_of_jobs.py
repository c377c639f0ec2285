"""What docs/flows.md and docs/platform.md tell people to type is typed here, after the README's walk-through."""

import json
import re
import shlex
from pathlib import Path

import pytest

from interconn.cli.application import app
from interconn.components import Registry
from interconn.control.flow import plan
from interconn.standard.control import NORTH_SOUTH, JobCreate
from tests.test_readme import LINK, blocks, typed

PAGES = ("flows.md", "platform.md")


def page(repository: Path, name: str) -> str:
    return (repository / "docs" / name).read_text(encoding="utf-8")


def to_type(text: str) -> str:
    return "\nsettled\n".join(content for _, run, content in blocks(text) if run)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(repository: Path, name: str) -> None:
    targets = LINK.findall(page(repository, name))
    assert [target for target in targets if not (repository / "docs" / target).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_is_named_is_one(repository: Path, name: str) -> None:
    text = page(repository, name)
    lines = re.findall(r"^interconn (.*)$", text, re.MULTILINE) + re.findall(r"`interconn ([^`]*)`", text)
    assert len(lines) > 3
    for line in lines:
        words = [word for word in shlex.split(line) if not word.startswith("-")]
        command, *_ = app.parse_commands(words)
        assert len(command) >= 2, line


def test_every_call_of_the_platform_is_in_the_table_with_its_clause(repository: Path) -> None:
    told = re.findall(r"^\| (CTL-5\.\d) \| `(\w+) (\S+)` \|", page(repository, "platform.md"), re.MULTILINE)
    assert sorted(told) == sorted((row.clause, row.method, row.path) for row in NORTH_SOUTH)


def test_every_call_of_the_platform_is_made_on_the_page(repository: Path) -> None:
    made = to_type(page(repository, "platform.md"))
    assert [row.path for row in NORTH_SOUTH if f"7306{row.path}" not in made] == []


def test_the_flow_of_the_page_is_one(repository: Path) -> None:
    [shown] = [content for language, _, content in blocks(page(repository, "flows.md")) if language == "json"]
    flow = json.loads(shown)
    job = JobCreate.model_validate({"job_id": "job-1", "dag": flow["dag"], "config": flow["config"]})
    planned = plan(job, Registry.shipped())
    assert list(planned.steps) == ["psi", "summary"]
    assert planned.config.task_params.model_dump()["host"]["0|1"]["psi"]["result_to"] == "all"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_pages_work_as_written(repository: Path, tmp_path: Path) -> None:
    """CTL-5.1 to CTL-5.8 from a shell: the README up to the job's approval, then both pages."""
    readme = (repository / "README.md").read_text(encoding="utf-8")
    approved, _, _ = to_type(readme).partition("interconn job run")
    run = typed("\n".join([approved, *(to_type(page(repository, name)) for name in PAGES)]), repository, tmp_path)
    assert run.returncode == 0, run.stderr + run.stdout[-3000:]
    status = json.loads((tmp_path / "try/status.json").read_text())
    assert status["code"] == 0
    assert status["data"]["job_status"] == "FINISHED"
    assert list(status["data"]["status"].values()) == ["SUCCESS", "SUCCESS"]
    answers = [json.loads(found) for found in re.findall(r'\{"code":.*?"data":\{.*?\}+(?=\{|$|\n)', run.stdout)]
    assert {answer["code"] for answer in answers} == {0}
    assert (tmp_path / "try/flow.svg").read_text().startswith("<svg")
    assert (tmp_path / "try/credit.svg").read_text().startswith("<svg")
    assert "scorecard" in run.stdout
    assert (tmp_path / "try/authorization").stat().st_mode & 0o077 == 0
