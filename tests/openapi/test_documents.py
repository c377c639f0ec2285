"""Calls made up from the OpenAPI documents of all three listeners, made as a real caller makes them.

No answer is a failure of the node, each is as the document says, and enough are successes to mean something: real
ids take the place of made-up ones. The share of successes is told at the end of the run.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.openapi.world import LISTENERS, World
from tests.peers.asgi import Answer

# What schemathesis draws from is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDS = (
    "contract",
    "peer",
    "token.revoke",
    "user.disable",
    "user.roles",
    "terminate",
    "stop",
    "reject",
    "hide",
    "revoke",
)
"""What would end the world of the following calls is asked with made-up ids alone."""
STREAMS = ("/jobs/watch",)
"""What does not end while its job goes on is asked elsewhere (`tests/access/test_event_stream.py`)."""
SLOW = ("peer.apply", "dataset.add", "dataset.check")  # waits for a partner that is not there; start a process
LEAST = {"partner": 0.2, "component": 0.2, "admin": 0.2}
"""Successes (HTTP 2xx and code 0) of each listener below which the made-up calls would say little."""
EVERY = {"partner": 3, "component": 1, "admin": 3}
"""Which part of a listener's calls the fast suite makes up: one in so many. The slow one makes all, and more often."""


def made_up_calls(world: World, listener: str) -> dict[str, schemathesis.APIOperation]:
    """Every operation of a listener's document."""
    schema = schemathesis.openapi.from_dict(world.document(listener))
    found = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith(STREAMS):
            continue
        found[f"{operation.method} {operation.path}"] = operation
    return found


def always_real(path: str) -> set[str]:
    """Members that are never made up, so that nobody is reached who is not there to be reached."""
    return {"address", "node_id"} if path.endswith("/peers/apply") else {"address"}


def with_real_ids(draw: Callable[..., Any], known: dict[str, list[Any]], always: set[str], members: Any) -> Any:
    """Put what the node knows in the place of most made-up values."""
    if isinstance(members, dict):
        real = {name: with_real_ids(draw, known, always, value) for name, value in members.items()}
        for name in sorted(real.keys() & known.keys()):
            if name in always or draw(st.integers(0, 9)) != 7:  # the ends are drawn more often than the rest
                real[name] = draw(st.sampled_from(known[name]))
        return real
    return [with_real_ids(draw, known, always, each) for each in members] if isinstance(members, list) else members


def text(value: Any) -> str:
    """A member as a query holds it."""
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if plain else json.dumps(value)


def ask(world: World, listener: str, case: Any) -> tuple[Answer, schemathesis.Response]:
    """Make a call; return the answer, as raw as it came and as schemathesis reads it."""
    query = urlencode({name: text(value) for name, value in (case.query or {}).items()}, errors="surrogatepass")
    target = quote(case.formatted_path) + (f"?{query}" if query else "")
    has_body = case.media_type is not None and not isinstance(case.body, schemathesis.core.NotSet)
    body = b""
    if has_body:
        body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    answer = world.send(listener, case.method, target, body, "application/json" if has_body else "")
    request = requests.Request(case.method, f"http://{listener}.example{target}", data=body).prepare()
    headers = {name: [value] for name, value in answer.headers.items()}
    return answer, schemathesis.Response(answer.status, headers, answer.body, request, 0.1, verify=False)


def make_calls(
    world: World, listener: str, operation: Any, examples: int, mode: GenerationMode, seeded: bool
) -> Counter[str]:
    """Make so many calls of an operation; return how many there were, and how they ended."""
    ended: Counter[str] = Counter()
    name = operation.definition.raw["operationId"]
    known = world.known_to(listener, operation.path)
    always = always_real(operation.path)
    if any(word in name for word in ENDS):
        known = {name: known[name] for name in always}

    @settings(
        max_examples=1 + examples // 50 if any(word in name for word in SLOW) else examples,
        phases=[Phase.generate],
        database=None,
        derandomize=seeded,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if case.body is not None and not isinstance(case.body, schemathesis.core.NotSet):
            case.body = with_real_ids(data.draw, known, always, case.body)
        case.query = with_real_ids(data.draw, known, always, dict(case.query or {}))
        answer, response = ask(world, listener, case)
        ended["calls"] += 1
        ended["2xx"] += 200 <= answer.status < 300
        ended["code 0"] += answer.status == 200 and answer.code == 0
        if mode is GenerationMode.POSITIVE or answer.status != 200:
            case.validate_response(response, checks=CHECKS)
        assert answer.status < 500, answer.body

    with contextlib.suppress(Unsatisfiable):  # a call without members cannot be made wrongly
        check()
    return ended


def tell(record_property: Callable[[str, object], None], listener: str, ended: Counter[str]) -> None:
    """Hand what was counted to the end of the run."""
    record_property(f"openapi {listener}", dict(ended))


@pytest.mark.timeout(240)
def test_made_up_calls_of_all_listeners_are_answered_as_documented(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    for listener in LISTENERS:
        ended: Counter[str] = Counter()
        for operation in [*made_up_calls(world, listener).values()][:: EVERY[listener]]:
            examples = 10 if listener == "component" else 3
            ended += make_calls(world, listener, operation, examples, GenerationMode.POSITIVE, seeded=True)
        tell(record_property, listener, ended)
        assert ended["code 0"] >= LEAST[listener] * ended["calls"], f"{listener}: {ended}"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_many_made_up_calls_are_answered_as_documented(
    world: World, record_property: Callable[[str, object], None], listener: str, mode: GenerationMode
) -> None:
    ended: Counter[str] = Counter()
    for operation in made_up_calls(world, listener).values():
        # To make a call wrong on purpose takes much longer than to make one right.
        ended += make_calls(
            world, listener, operation, 50 if mode is GenerationMode.POSITIVE else 10, mode, seeded=False
        )
    tell(record_property, f"{listener} ({'right' if mode is GenerationMode.POSITIVE else 'wrong'})", ended)


def test_a_document_describes_successes_and_refusals(world: World) -> None:
    for listener in LISTENERS:
        for path, operations in world.document(listener)["paths"].items():
            for method, operation in operations.items():
                ends = {"204"} if path.endswith(STREAMS) else set()
                assert set(operation["responses"]) == {"200", "default"} | ends, f"{method} {path}"
