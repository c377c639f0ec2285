"""An export of a real session of three nodes: in order as it is, at fault wherever somebody laid hands on it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from interconn.api.audits import AUDIT_TERMINATE
from interconn.api.trail import TrailBegin
from interconn.trail import document
from interconn.trail.verification import Report, held, verify
from interconn.trail.writing import write_export


async def export(node: Any, path: Path, **wanted: Any) -> Path:
    """Export as the command line does, whose client waits in a thread of its own."""
    loop = asyncio.get_running_loop()

    def ask(endpoint: Any, request: Any) -> Any:
        members = request.to_wire()
        answer = asyncio.run_coroutine_threadsafe(node.ask(endpoint, **members), loop).result()
        return endpoint.reply.model_validate(json.loads(json.dumps(answer.to_wire())))

    with path.open("wb") as file:
        await asyncio.to_thread(write_export, ask, file, TrailBegin(**wanted), page=7)
    return path


@pytest.fixture
async def session(scene: Any) -> Any:
    """A data set granted, a job that used it, the grant revoked; heads are with all partners."""
    grant = await scene.grant()
    job = await scene.job()
    await scene.admit(job)
    await scene.operator.ask(AUDIT_TERMINATE, audit_id=grant.audit_id, reason="purpose fulfilled")
    await scene.network.settle()
    await exchange(scene)
    return scene


async def exchange(scene: Any) -> None:
    for node in (scene.bank, scene.operator, scene.clearing):
        await node.trail_keeping.exchange.give_all()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def sealed(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write records as somebody does who knows the format: with an end that fits."""
    count = document.LineCount()
    body = b""
    for one in records:
        if one["record"] != document.END:
            line = document.write(one)
            count.add(line)
            body += line + b"\n"
    end = {"record": document.END, "lines": count.lines, "digest": count.digest}
    path.write_bytes(body + document.write(end) + b"\n")
    return path


def in_order(report: Report) -> Report:
    assert report.fault is None, report.fault
    return report


async def test_an_export_is_in_order_and_every_partner_vouches_for_it(session: Any, tmp_path: Path) -> None:
    paths = {
        node.node_id: await export(node, tmp_path / f"{node.node_id}.jsonl")
        for node in session.network.nodes.values()
        if node.node_id != "mallory"
    }
    heads = [head for path in paths.values() for head in held(path)]
    for node_id, path in paths.items():
        report = in_order(verify(path, heads))
        assert report.node_id == node_id
        assert not report.partial
        assert report.proofs >= 5
        assert set(report.held_by) == set(paths) - {node_id}
        assert set(report.partner_keys) == set(paths) - {node_id}
