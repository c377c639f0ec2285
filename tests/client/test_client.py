"""The client of a node's own API, waiting and awaited, against a stand-in for the admin listener."""

import importlib
import inspect
import pkgutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import interconn.api
from interconn.api import audits, peers
from interconn.client import AsyncNodeClient, NodeAccess, NodeClient, find_node
from interconn.client.nouns import Nouns
from interconn.client.verb import Listening, Noun, Verb
from interconn.standard import control
from interconn.standard.errors import (
    BadToken,
    ConfigurationError,
    ContractNotUsable,
    InterconnError,
    InvalidRequest,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
    TooManyRequests,
    TransportError,
)
from interconn.standard.flow import Config, Dag, DagComponent, Initiator
from interconn.standard.management import AuditStatus
from interconn.standard.self_description import SelfDescription
from tests.client.fake_node import TOKEN, Asked, FakeNode, fake_node

EVERY_ROW = (
    *(
        row
        for module in pkgutil.iter_modules(interconn.api.__path__, "interconn.api.")
        for row in getattr(importlib.import_module(module.name), "ENDPOINTS", ())
    ),
    *control.NORTH_SOUTH,
)
DAG = Dag(version="1", components=[DagComponent(name="a", component_name="psi", provider="interconn", version="1")])
CONFIG = Config(version="1", initiator=Initiator(role="guest", node_id="bank"), role={"guest": ["bank"]})
DESCRIPTION = SelfDescription(
    component_name="counting", title="Counting", provider="maker", version="1", role_list=("guest",),
    storage_engine=("file",), input_parameters=(), input_data=(), output_data=(),
)  # fmt: skip
CONTRACT = peers.ContractView(
    contract_id="c-1",
    node_id="operator",
    inst_id="operator.example",
    institution="Operator",
    name="operator",
    address="https://127.0.0.1:1",
    system="interconn",
    direction="APPLICANT",
    status="APPROVED",
    auth_type="SHA256_ECDSA",
    fingerprint="ab",
    key_proven=True,
    key_compared=True,
    usable=True,
    applied_at=1,
)


@pytest.fixture
def fake() -> Iterator[FakeNode]:
    with fake_node() as served:
        yield served


def test_a_get_carries_its_members_in_the_query_and_a_post_in_the_body(fake: FakeNode) -> None:
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[CONTRACT]))
    fake.answer(peers.PEER_APPROVE, CONTRACT)
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[]))
    with NodeClient(fake.access) as client:
        assert client.peers.list().contracts == [CONTRACT]
        assert client.peers.approve("c-1", "ab cd").usable is True
        assert client.audits.list(kind=audits.AuditKind.JOB, status=AuditStatus.APPLIED).audits == []
    assert fake.asked == [
        Asked("own.peer.list", {"page_num": 1, "page_size": -1}),
        Asked("own.peer.approve", {"contract_id": "c-1", "fingerprint": "ab cd", "accept_unproven": False}),
        Asked("own.audit.list", {"kind": "JOB", "status": "APPLIED", "page_num": 1, "page_size": -1}),
    ]


async def test_the_awaited_client_asks_the_same(fake: FakeNode) -> None:
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[CONTRACT]))
    async with AsyncNodeClient(fake.access) as client:
        assert (await client.peers.list()).contracts == [CONTRACT]
        assert (await client.call(peers.PEER_LIST, peers.PEER_LIST.request())).contracts == [CONTRACT]
    assert [asked.members["page_size"] for asked in fake.asked] == [-1, 20]  # all, or a page as by default


def test_every_row_of_the_tables_has_a_verb() -> None:
    asked = set()
    recorder = Nouns(Recorder())
    for noun in vars(recorder).values():
        for name, verb in vars(type(noun)).items():
            if isinstance(verb, Verb | Listening):
                asked.add(getattr(noun, name)(**arguments(verb)).endpoint.name)
    assert asked == {row.name for row in EVERY_ROW}


class Recorder:
    """A client that returns the question instead of asking it."""

    def ask(self, question: Any) -> Any:
        return question

    follow = ask


def arguments(verb: Verb[Any, Any] | Listening[Any, Any]) -> dict[str, Any]:
    """Values for the parameters of a verb that have no default."""
    known: dict[str, Any] = {
        "component": "interconn/psi",
        "dag": DAG,
        "config": CONFIG,
        "description": DESCRIPTION,
        "key_columns": ["id"],
        "level": control.LogLevel.INFO,
        "parties": ["a"],
        "party": "guest.0",
        "partners": ["a"],
        "roles": ["operator"],
        "result": "job-1/task_1/aligned",
    }
    parameters = list(inspect.signature(verb._write).parameters.values())[1:]
    of_kind = {"int": 1, "bool": True}
    return {
        p.name: known.get(p.name, of_kind.get(p.annotation, "x"))
        for p in parameters
        if p.default is inspect.Parameter.empty
    }


@pytest.mark.parametrize(
    "error",
    [
        ContractNotUsable("expired", where="c-1", clause="MGT-3-contract-state", hint="renew it"),
        PeerRefused("no", peer_code=40302, peer_message="not you"),
        TransportError("full", ptp_code="E0000000700"),
        BadToken("an admin token is needed"),
        TooManyRequests("later", retry_after_seconds=7),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_refusal_is_raised_as_the_error_that_the_node_raised(fake: FakeNode, error: InterconnError) -> None:
    fake.answer(peers.PEER_LIST, error)
    with NodeClient(fake.access) as client, pytest.raises(type(error)) as caught:
        client.peers.list()
    assert caught.value.to_json() == error.to_json()
    assert vars(caught.value) == vars(error)


async def test_arguments_that_fit_no_request_are_refused_before_anything_is_sent(fake: FakeNode) -> None:
    with NodeClient(fake.access) as client, pytest.raises(InvalidRequest) as refused:
        client.audits.approve("audit-1", times_limit=-1)
    assert (refused.value.where, refused.value.message) == (
        "arguments",
        "times_limit: Input should be greater than or equal to 1",
    )
    async with AsyncNodeClient(fake.access) as client:
        with pytest.raises(InvalidRequest, match="an id is of letters") as refused:
            await client.datasets.request("node-2", "a secret, say")
    assert "secret" not in str(refused.value)
    assert fake.asked == []


def test_an_unknown_code_is_an_error_all_the_same(fake: FakeNode) -> None:
    fake.raw = (200, b'{"code": 77777, "msg": "from the future", "data": null}')
    with NodeClient(fake.access) as client, pytest.raises(InterconnError, match="from the future"):
        client.peers.list()


def test_a_wrong_token_is_refused(fake: FakeNode) -> None:
    with NodeClient(NodeAccess(fake.access.url, "wrong")) as client, pytest.raises(BadToken):
        client.peers.list()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>not here</html>"),
        (200, b'{"code": 0, "msg": "", "data": {"contracts": 5}}'),
        (302, b""),
        (200, b'{"code": 0, "code": 1}'),
    ],
    ids=["a web page", "another shape", "a redirect", "a repeated member"],
)
def test_an_answer_that_is_no_nodes_is_refused(fake: FakeNode, status: int, body: bytes) -> None:
    fake.raw = (status, body)
    with NodeClient(fake.access) as client, pytest.raises(PeerReplyInvalid):
        client.peers.list()


@pytest.fixture
def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_node_that_does_not_answer_is_named_with_the_next_step(nobody: str) -> None:
    with NodeClient(NodeAccess(nobody, "x")) as client, pytest.raises(PeerUnreachable) as caught:
        client.peers.list()
    assert caught.value.where == nobody
    assert "nothing listens there" in caught.value.message
    assert "interconn node run" in str(caught.value.hint)


async def test_a_node_that_does_not_answer_is_named_to_the_awaited_client_too(nobody: str) -> None:
    async with AsyncNodeClient(NodeAccess(nobody, "x")) as client:
        with pytest.raises(PeerUnreachable) as caught:
            await client.peers.list()
    assert caught.value.where == nobody


def test_from_home_finds_address_and_token(fake: FakeNode, tmp_path: Path) -> None:
    home = fake.make_home(tmp_path / "home")
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[]))
    assert find_node(home) == fake.access
    with NodeClient.from_home(home) as client:
        assert client.peers.list().contracts == []


def test_a_home_without_a_node_a_stopped_node_and_a_lost_token_are_told_apart(fake: FakeNode, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no node in this directory"):
        find_node(tmp_path)
    home = fake.make_home(tmp_path / "home")
    (home / "admin.token").unlink()
    with pytest.raises(ConfigurationError, match="no file of a token") as refused:
        find_node(home)
    assert "--token-file" in (refused.value.hint or "")
    (home / "admin.token").mkdir()
    with pytest.raises(ConfigurationError, match="token cannot be read"):
        find_node(home)
    (home / "run/listeners.json").unlink()
    with pytest.raises(PeerUnreachable, match="not running"):
        find_node(home)


def test_the_token_shows_in_no_representation() -> None:
    assert TOKEN not in repr(NodeAccess("http://127.0.0.1:1", TOKEN))


def test_both_clients_have_the_same_nouns() -> None:
    waiting, awaited = NodeClient(NodeAccess("", "")), AsyncNodeClient(NodeAccess("", ""))
    nouns = {name for name, value in vars(waiting).items() if isinstance(value, Noun)}
    assert nouns == {name for name, value in vars(awaited).items() if isinstance(value, Noun)}
    assert {"node", "peers", "datasets", "projects", "components", "flows", "jobs", "audits", "sessions"} <= nouns
