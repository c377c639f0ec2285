"""What a killed node finds again, and what of a half-written journal it believes."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interconn.standard.transport import PEEK
from interconn.transport import Limits, journal
from interconn.transport.journal import NO_IDENTITY, Journal, Message
from tests.transport.nodes import Component, MakeComponent, MakeNode, Node, content_of


@pytest.fixture
async def node(make_node: MakeNode) -> Node:
    return await make_node("a", Limits(journal_slack_bytes=4096))


def the_journal(node: Node) -> Path:
    (path,) = (node.home / "journal").iterdir()
    return path


async def test_a_killed_node_gives_what_was_not_taken(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    for number in range(4):
        await alice.push("a", f"m{number}".encode(), "t" if number % 2 else "")
    assert await alice.pop("a") == b"m0"
    again = await node.restart()
    alice.address = again.component.address
    assert (await alice.pop("a"), await alice.pop("a", "t"), await alice.pop("a", "t")) == (b"m2", b"m1", b"m3")
    assert content_of(await alice.call(PEEK, "a")) is None
    assert [(view.queued_messages, view.queued_bytes) for view in again.transport.sessions()] == [(0, 0)]
    await again.stop()


async def test_a_message_not_acknowledged_is_given_again_under_its_id(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"m")
    await alice.push("a", b"n")
    first = await alice.call(PEEK, "a", x_interconn_taken="")
    again = await node.restart()
    alice.address = again.component.address
    assert await alice.call(PEEK, "a", x_interconn_taken="") == first
    second = await alice.call(PEEK, "a", x_interconn_taken=first["metadata"]["message-id"])
    assert content_of(second) == b"n"
    await again.stop()


async def test_ids_of_messages_are_remembered(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"m", x_interconn_message_id="id")
    assert await alice.pop("a") == b"m"
    again = await node.restart()
    alice.address = again.component.address
    assert await alice.push("a", b"m", x_interconn_message_id="id") == "E0000000000"
    assert content_of(await alice.call(PEEK, "a")) is None
    await again.stop()


async def test_a_released_queue_stays_released(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"m", "t")
    await alice.push("a", b"n", "u")
    await alice.call("/v1/interconn/chan/release", "a", {"topic": "t"})
    again = await node.restart()
    alice.address = again.component.address
    assert (await alice.call(PEEK, "a", {"topic": "t"}))["code"] == "E0000000608"
    assert await alice.pop("a", "u") == b"n"
    await again.stop()


async def test_a_released_session_leaves_no_file(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"secret")
    assert b"secret" in the_journal(node).read_bytes()
    assert the_journal(node).stat().st_mode & 0o077 == 0
    (node.home / "journal" / "stray.journal").write_bytes(b"of a session that is long gone")
    await node.close_session()
    again = await node.restart()
    assert list((again.home / "journal").iterdir()) == []
    alice.address = again.component.address
    assert (await alice.call(PEEK, "a"))["code"] == "E0000000608"
    await again.stop()


async def test_the_file_shrinks_when_all_is_taken(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    for _ in range(20):
        await alice.push("a", b"x" * 1000, x_interconn_message_id="")
        await alice.pop("a")
        assert the_journal(node).stat().st_size < 4096 + 2048
    again = await node.restart()
    alice.address = again.component.address
    assert content_of(await alice.call(PEEK, "a")) is None
    await again.stop()


async def test_a_rewrite_keeps_what_waits_is_known_or_released(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"waits", "w")
    await alice.push("a", b"known", "k", x_interconn_message_id="id")
    await alice.call("/v1/interconn/chan/release", "a", {"topic": "r"})
    assert await alice.pop("a", "k") == b"known"
    for _ in range(20):
        await alice.push("a", b"x" * 1000, "t")
        await alice.pop("a", "t")
    assert the_journal(node).stat().st_size < 20 * 1000  # less than what was written since: it was rewritten
    again = await node.restart()
    alice.address = again.component.address
    assert await alice.pop("a", "w") == b"waits"
    assert await alice.push("a", b"known", "k", x_interconn_message_id="id") == "E0000000000"
    assert content_of(await alice.call(PEEK, "a", {"topic": "k"})) is None
    assert (await alice.call(PEEK, "a", {"topic": "r"}))["code"] == "E0000000608"
    await again.stop()


async def test_a_full_disk_refuses_and_harms_nothing(
    node: Node, component: MakeComponent, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"before")
    write = os.writev

    def half(descriptor: int, parts: list[bytes]) -> int:
        os.write(descriptor, b"".join(parts)[:7])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "writev", half)
    assert await alice.push("a", b"lost", x_interconn_message_id="id") == "E0000000700"
    monkeypatch.setattr(os, "writev", write)
    assert await alice.push("a", b"after", x_interconn_message_id="id") == "E0000000000"
    again = await node.restart()
    alice.address = again.component.address
    assert [await alice.pop("a"), await alice.pop("a")] == [b"before", b"after"]
    await again.stop()


async def test_a_torn_record_is_cut_off_and_written_over(node: Node, component: MakeComponent) -> None:
    alice = component(node, await node.open())
    await alice.push("a", b"whole")
    await alice.push("a", b"torn")
    path = the_journal(node)
    path.write_bytes(path.read_bytes()[:-2])
    again = await node.restart()
    alice.address = again.component.address
    await alice.push("a", b"next")
    third = await again.restart()
    alice.address = third.component.address
    assert [await alice.pop("a"), await alice.pop("a")] == [b"whole", b"next"]
    await third.stop()


MESSAGES = [Message(number, "a", "t", NO_IDENTITY, f"payload {number}".encode()) for number in range(1, 6)]


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[int]]:
    """A journal of five messages of which the first was taken, and where each record ends."""
    file = Journal(tmp_path / "one.journal", session_id="s", task_id="t")
    ends = []
    for message in MESSAGES:
        file.record_message(message)
        ends.append(file.size)
    file.record_taken(1)
    ends.append(file.size)
    file.close()
    return tmp_path / "one.journal", ends


def test_a_journal_cut_anywhere_gives_the_records_before_the_cut(written: tuple[Path, list[int]]) -> None:
    path, ends = written
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        contents = journal.read(path)
        kept = sum(end <= cut for end in ends)
        if contents is None:
            assert kept == 0
            continue
        assert (contents.session_id, contents.task_id) == ("s", "t")
        expected = MESSAGES[:kept] if kept < len(ends) else MESSAGES[1:]
        assert list(contents.messages.values()) == expected
        assert contents.size + contents.torn_bytes == cut
        assert contents.next_number == min(kept, 5) + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_a_journal_with_a_changed_byte_gives_no_other_message(
    written: tuple[Path, list[int]], data: st.DataObject
) -> None:
    path, _ = written
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    changed = path.with_suffix(".changed")
    changed.write_bytes(whole)
    contents = journal.read(changed)
    assert contents is None or all(message in MESSAGES for message in contents.messages.values())


def test_garbage_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "garbage"
    for garbage in (b"", b"x", os.urandom(4096), bytes(4096)):
        path.write_bytes(garbage)
        assert journal.read(path) is None


async def test_a_component_of_another_session_never_sees_it(node: Node, component: MakeComponent) -> None:
    one: Component = component(node, await node.open())
    await one.push("a", b"mine")
    again = await node.restart()
    two = component(again, await again.open(session="session_job-2"), "session_job-2")
    assert content_of(await two.call(PEEK, "a")) is None
    await again.stop()
