"""`make demo` in a fresh copy, as somebody does who has just cloned: installation and demonstration together.

The packages come from wherever pip finds them; the time holds for a warm cache only where pip has one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", ".interconn", "__pycache__", "try")


def measure(quick: bool) -> dict[str, Any]:
    """Return the seconds from nothing to the demonstration's result; a quick run installs nothing."""
    if quick:
        return {}
    # What the outer make told its children is not for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        copy = Path(folder) / "interconn"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        begun = time.perf_counter()
        run = subprocess.run(["make", "demo"], cwd=copy, env=environment, capture_output=True, text=True, check=False)
        elapsed = time.perf_counter() - begun
    if run.returncode:
        raise SystemExit(f"make demo failed:\n{(run.stdout + run.stderr)[-3000:]}")
    return {"make demo from nothing s": round(elapsed, 2)}
