"""A short soak: jobs under random kill -9, and the books of all sides compared afterwards (see tools/soak.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.soak import soak

pytestmark = [pytest.mark.slow, pytest.mark.fault, pytest.mark.timeout(1200)]


def test_after_a_minute_of_kills_the_books_agree_and_nothing_hangs(tmp_path: Path) -> None:
    run, found = soak(tmp_path / "soak", seconds=60.0, seed=4, workers=2)
    assert run.kills.total() > 0 and run.jobs
    assert found.clean, "\n".join(found.lines())
