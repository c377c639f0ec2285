"""What is installed is what was locked, and the wheel holds what the package needs."""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.algorithms.two_parties import NODES, TOKENS, Institution, run_both
from tests.sdk.fake_transport import FakeTransport

PIN = re.compile(r"^([a-z0-9_.-]+)==(\S+)([^\\\n]*)\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def pins(repository: Path, name: str) -> dict[tuple[str, str], tuple[str, str]]:
    text = (repository / "requirements" / f"{name}.txt").read_text()
    found = {(pin[1], pin[3].strip()): (pin[2], pin[4].replace(" \\", "")) for pin in PIN.finditer(text)}
    assert len(found) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)), f"{name}: a requirement without a hash"
    return found


def test_requirement_files_agree(repository: Path) -> None:
    base, node, dev = (pins(repository, name) for name in ("base", "node", "dev"))
    assert base.items() <= node.items() <= dev.items()


def test_every_dependency_is_locked(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for name, declared in (("base", project["dependencies"]), ("node", extras["node"]), ("dev", extras["dev"])):
        wanted = {re.match(r"[\w-]+", item)[0].replace("_", "-") for item in declared} - {"interconn"}
        assert wanted <= {distribution for distribution, _ in pins(repository, name)}, f"{name}: run make lock"


def build_wheel(repository: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(target)]
    subprocess.run([*command, str(repository)], check=True)
    return next(target.glob("*.whl"))


def test_wheel_holds_code_data_and_licence(repository: Path, tmp_path: Path) -> None:
    held = set(zipfile.ZipFile(build_wheel(repository, tmp_path)).namelist())
    source = repository / "src"
    tree = (path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {str(path.relative_to(source)) for path in tree} <= held
    assert "interconn/py.typed" in held
    assert any(name.endswith("licenses/LICENSE") for name in held)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_base_installs_alone(repository: Path, tmp_path: Path) -> None:
    """A component image: the base requirements and the wheel, nothing else."""
    wheel = build_wheel(repository, tmp_path)
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv/bin/python")
    install = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(repository / "requirements/base.txt")]
    subprocess.run([*install, *locked], check=True)
    subprocess.run([*install, str(wheel)], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    subprocess.run([python, "-c", IMPORT_ALL_OF_THE_BASE], check=True, cwd=tmp_path)
    bare = subprocess.run([tmp_path / "venv/bin/interconn", "demo"], capture_output=True, text=True, cwd=tmp_path)
    assert bare.returncode == 1
    assert "interconn[node]" in bare.stderr
    assert "Traceback" not in bare.stderr
    with FakeTransport(dict(TOKENS)) as transport:
        guest, host = (Institution(role, tmp_path / role, transport, python) for role in NODES)
        guest.give([["id"], ["1"], ["2"], ["3"]])
        host.give([["id"], ["3"], ["4"], ["2"]])
        assert run_both(guest, host, "psi") == (0, 0), (guest.outcome, host.outcome)
    assert {row["id"] for row in guest.rows("aligned")} == {row["id"] for row in host.rows("aligned")} == {"2", "3"}


IMPORT_ALL_OF_THE_BASE = """
import importlib, pkgutil
for layer in ("standard", "storage", "sdk", "algorithms"):
    package = importlib.import_module("interconn." + layer)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
