"""A key is changed between real processes: in the middle of traffic, and killed at each step of it (MGT-3.4)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.lab.network import Lab
from interconn.lab.waiting import wait_for
from interconn.sdk.environment import Party
from interconn.sdk.transport import TransportClient
from interconn.standard.errors import InterconnError
from tests.fault.network import start_to_die

pytestmark = [pytest.mark.slow, pytest.mark.fault, pytest.mark.timeout(300)]

ONE, OTHER = "node-1", "node-2"
STEPS = ("rotation.key_made", "rotation.done", "rotation.promoted", "outbox.before_send", "outbox.after_send")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab.create(tmp_path_factory.mktemp("rotation") / "lab", 2)
    try:
        yield made
    finally:
        made.down()


def keys_of(lab: Lab, node_id: str) -> list[str]:
    """The keys in a node's store, by fingerprint."""
    folder = Path(lab.node(node_id).home) / "keys"
    return [path.name for path in folder.iterdir() if (path / "signing_key.pem").exists()] + [
        "first" for path in [folder / "signing_key.pem"] if path.exists()
    ]


def settled(lab: Lab) -> str:
    """Wait until the other node knows the one's newest key, and no other is known by anybody; return it."""

    def look() -> str | None:
        try:
            found = lab.client(ONE).keys.list()
            known = [c.fingerprint for c in lab.client(OTHER).peers.list().contracts if c.node_id == ONE]
        except InterconnError:
            return None
        newest = found.keys[0].fingerprint
        alone = len(found.keys) == 1 and not found.behind and found.changing_since is None
        return newest if alone and known == [newest] else None

    return wait_for(look, "a key that everybody knows", seconds=60)


def test_messages_and_calls_go_on_while_both_change_their_keys(lab: Lab) -> None:
    opened = lab.open_session([ONE, OTHER])
    clients = {
        name: TransportClient(
            lab.node(name).component_url, session_id=opened.session_id, token=opened.tokens[name], trace_id="rotation"
        )
        for name in (ONE, OTHER)
    }
    parties = {ONE: Party("guest", 0, ONE), OTHER: Party("host", 0, OTHER)}
    stop, sent, failed = threading.Event(), [0], []

    def push() -> None:
        try:
            while not stop.is_set():
                clients[ONE].push(parties[OTHER], "traffic", str(sent[0]).encode())
                sent[0] += 1
                lab.client(OTHER).peers.ask(ONE)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown below
            failed.append(error)

    pusher = threading.Thread(target=push)
    pusher.start()
    before = lab.client(ONE).keys.list().keys[0].fingerprint
    try:
        for _ in range(3):
            lab.client(ONE).keys.rotate()
            lab.client(OTHER).keys.rotate()
            settled(lab)
    finally:
        stop.set()
        pusher.join()
    assert failed == []
    assert settled(lab) != before
    received = [clients[OTHER].pop(parties[ONE], "traffic", timeout=30) for _ in range(sent[0])]
    assert received == [str(number).encode() for number in range(sent[0])]


@pytest.mark.parametrize("step", STEPS)
def test_a_node_that_dies_in_a_rotation_goes_on_with_it(lab: Lab, step: str) -> None:
    before = settled(lab)
    lab.stop(ONE)
    start_to_die(lab, ONE, step)
    with contextlib.suppress(InterconnError):  # it may die before it can answer
        lab.client(ONE).keys.rotate()
    wait_for(lambda: None if lab.is_running(ONE) else True, f"a death at {step}", seconds=60)
    lab.start(ONE)
    after = settled(lab)
    # Before the commit nobody has heard of the new key: there is none.
    assert (after == before) == (step == "rotation.key_made")
    assert len(keys_of(lab, ONE)) == (2 if step == "rotation.key_made" else 1)
    assert lab.client(ONE).peers.ask(OTHER).health == lab.client(OTHER).peers.ask(ONE).health == "ok"
