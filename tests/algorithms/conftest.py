"""Two institutions for the tests of algorithms."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.algorithms.two_parties import TOKENS, Institution
from tests.sdk.fake_transport import FakeTransport


@pytest.fixture
def transport() -> Iterator[FakeTransport]:
    """The component listeners of both nodes."""
    with FakeTransport(dict(TOKENS)) as fake:
        yield fake


@pytest.fixture
def guest(tmp_path: Path, transport: FakeTransport) -> Institution:
    """The guest."""
    return Institution("guest", tmp_path / "guest", transport)


@pytest.fixture
def host(tmp_path: Path, transport: FakeTransport) -> Institution:
    """The host."""
    return Institution("host", tmp_path / "host", transport)


@pytest.fixture
def shared() -> Path:
    """The folder with public data sets; INTERCONN_SHARED names it elsewhere."""
    folder = Path(os.environ.get("INTERCONN_SHARED", Path(__file__).parents[3] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the folder with the public data sets is not here; INTERCONN_SHARED can name it")
    return folder
