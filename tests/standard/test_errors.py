"""The exception tree, its codes and its page."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from interconn.standard import errors
from interconn.standard.errors import InterconnError, NotFound, PeerRefused, TransportError


@pytest.fixture(scope="module")
def maker(repository: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("errors_page", repository / "tools" / "errors_page.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_is_fresh(maker: ModuleType) -> None:
    assert maker.PAGE.read_text() == maker.page(), "run .venv/bin/python tools/errors_page.py"


def test_a_code_has_one_meaning(maker: ModuleType) -> None:
    kinds = list(maker.tree())
    codes = {kind.code: kind for kind in kinds}
    assert len(codes) == len(kinds)
    assert 0 not in codes
    assert 200 not in codes


def test_every_error_of_the_module_is_in_the_tree(maker: ModuleType) -> None:
    defined = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BaseException)}
    assert defined == set(maker.tree())


@pytest.mark.parametrize(("first", "status"), [(400, 400), (401, 401), (403, 403)])
def test_resolution_25_status_follows_the_code(maker: ModuleType, first: int, status: int) -> None:
    kinds = [kind for kind in maker.tree() if kind.code // 100 == first and not issubclass(kind, errors.Refused)]
    assert kinds
    assert {kind.http_status for kind in kinds} == {status}
    assert {kind.http_status for kind in maker.tree() if issubclass(kind, errors.Refused)} == {200}


def test_an_error_tells_all_it_knows() -> None:
    error = NotFound("there is none", where="job_id", clause="CTL-3.7", hint="Look again")
    assert str(error) == "job_id: there is none [CTL-3.7]. Look again"
    assert error.to_json() == {
        "error": "NotFound",
        "code": 40400,
        "message": "there is none",
        "where": "job_id",
        "clause": "CTL-3.7",
        "hint": "Look again",
    }
    assert InterconnError("bare").to_json() == {"error": "InterconnError", "code": 50000, "message": "bare"}


def test_words_of_others_are_kept_apart() -> None:
    refused = PeerRefused("the partner refused: no", peer_code=7, peer_message="no", where="/path")
    assert (refused.code, refused.peer_code, refused.peer_message, refused.where) == (50203, 7, "no", "/path")
    assert TransportError("full", ptp_code="E0000000700", hint="Wait").ptp_code == "E0000000700"
