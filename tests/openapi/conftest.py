"""Two whole nodes under contract, with data sets, approvals, a project, a flow and a job between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openapi.world import World


@pytest.fixture(scope="module")  # its threads are not to go on beside the tests of other files
def world(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[World]:
    """The bank, which is asked, and the operator, whose calls are signed."""
    # One of all workers would do for the fast run, but each process has its own.
    made = World(tmp_path_factory.mktemp(f"world-{os.getpid()}"), repository / "examples")
    yield made
    made.close()
