"""The rules of the house that a machine can check."""

import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import interconn.api
from interconn.api.rules import RULES
from interconn.standard import control

MAXIMUM_LINES = 400
CODE = {".py", ".proto", ".js", ".ts", ".css", ".html"}
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$|migrations/versions/")
MEANINGLESS = re.compile(r"^_?(utils?|helpers?|common|misc)$")
BASE_PACKAGES = ("standard", "storage", "sdk", "algorithms")

# Put together from parts, so that this file does not hold what it forbids.
REGISTRY = re.compile(
    "|".join(
        [
            *(
                re.escape(".".join(parts))
                for parts in (
                    ("pypi", "org"),
                    ("pythonhosted", "org"),
                    ("registry", "npmjs", "org"),
                    ("anaconda", "org"),
                    ("crates", "io"),
                )
            ),
            r"https?://[^\s\"'<>]+/(simple|packages)/",
        ]
    ),
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.~}>-])/(home|root|Users|work|opt/wheels)/\w")

IMPORT_WITHOUT = """
import importlib, pkgutil, sys

blocked, packages = (set(names.split()) for names in sys.argv[1:])

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is not among the base dependencies")

sys.meta_path.insert(0, Blocker())

def broken(name):
    raise

for package in packages:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, package + ".", onerror=broken):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""


@pytest.fixture(scope="module")
def tracked(repository: Path) -> list[Path]:
    if not (repository / ".git").exists():
        pytest.skip("not a working copy")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=repository, check=True, capture_output=True, text=True).stdout
    return [path for name in names.split("\0") if name and (path := repository / name).is_file()]


def test_imports_run_downwards_only(repository: Path) -> None:
    assert lint_imports(config_filename=str(repository / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_source_file_is_crowded(repository: Path) -> None:
    lengths = {
        path.relative_to(repository): len(path.read_text().splitlines())
        for path in (repository / "src").rglob("*")
        if path.suffix in CODE and not GENERATED.search(path.as_posix())
    }
    assert lengths
    assert {str(path): length for path, length in lengths.items() if length > MAXIMUM_LINES} == {}


def test_every_module_is_named_for_what_it_holds(repository: Path) -> None:
    modules = [*(repository / "src").rglob("*"), *(repository / "tests").rglob("*.py")]
    assert [str(path) for path in modules if MEANINGLESS.match(path.stem)] == []


@pytest.mark.parametrize("forbidden", [REGISTRY, MACHINE_PATH], ids=["package registry", "path of one machine"])
def test_no_tracked_file_names(forbidden: re.Pattern[str], tracked: list[Path], repository: Path) -> None:
    found = [
        f"{path.relative_to(repository)}:{number}: {line.strip()[:100]}"
        for path in tracked
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


def test_the_patterns_find_what_they_forbid() -> None:
    slash = "/"
    assert REGISTRY.search("see https://files." + "pythonhosted" + ".org")
    assert REGISTRY.search(slash.join(["https:", "", "mirror.example", "simple", ""]))
    assert MACHINE_PATH.search('"' + slash.join(["", "home", "someone", "interconn"]))
    assert not MACHINE_PATH.search("src/interconn/work/flow.py")


def test_every_call_of_a_nodes_own_api_says_who_may_make_it() -> None:
    """Deny by default: a call that api/rules.py does not name is served to nobody."""
    rows = {
        row.name
        for module in pkgutil.iter_modules(interconn.api.__path__, "interconn.api.")
        for row in getattr(importlib.import_module(module.name), "ENDPOINTS", ())
    } | {row.name for row in control.NORTH_SOUTH}
    assert rows
    assert set(RULES) == rows, "name each call in src/interconn/api/rules.py"


def test_the_page_that_says_who_may_do_what_is_fresh(repository: Path) -> None:
    specification = importlib.util.spec_from_file_location("access_page", repository / "tools" / "access_page.py")
    assert specification
    assert specification.loader
    maker = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(maker)
    assert maker.PAGE.read_text() == maker.page(), "run .venv/bin/python tools/access_page.py"


def test_base_packages_need_no_web_stack(repository: Path) -> None:
    blocked = locked(repository, "node") - locked(repository, "base")
    assert {"starlette", "uvicorn", "aiohttp", "sqlalchemy"} <= blocked
    present = [name for name in BASE_PACKAGES if (repository / "src/interconn" / name / "__init__.py").exists()]
    packages = " ".join(f"interconn.{name}" for name in present)
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_WITHOUT, " ".join(sorted(blocked)), packages], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def locked(repository: Path, name: str) -> set[str]:
    """Import names of what a requirement file locks."""
    text = (repository / "requirements" / f"{name}.txt").read_text()
    return {found.replace("-", "_") for found in re.findall(r"^([a-z0-9_.-]+)==", text, re.MULTILINE)}
