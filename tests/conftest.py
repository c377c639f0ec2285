"""What every test shares. Fixtures of one subject live beside its tests."""

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on the machine, and a test must not; --timeout stops what hangs.
settings.register_profile("interconn", deadline=None, print_blob=True)
settings.load_profile("interconn")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working copy."""
    return Path(__file__).parents[1]
