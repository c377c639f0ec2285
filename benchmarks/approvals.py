"""An approval there and back: applied, decided by a rule of the policy, confirmed.

Once between two real nodes, by the clock. And once between two in this process, by the seconds of the processor,
threads included: with signatures of each kind, and with signatures off, where headers, contract and nonce are checked
and nothing is signed or verified. A real node cannot be had with signatures off, so the ratio is that of the work, and
the network and its TLS are in neither. Kinds and off take turns, and the median of their turns is given, for other
work on the machine makes some turns slow.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from starlette.applications import Starlette

from benchmarks.two_nodes import BenchNode
from interconn.api.audits import AUDIT_SHOW, PROJECT_CREATE
from interconn.client import NodeClient
from interconn.lab.network import Lab
from interconn.standard.management import AuditStatus, AuthType

APPLICANT, HOLDER = "node-1", "node-2"
POLICY = f'[[rule]]\nname = "bench"\nverdict = "approve"\nkinds = ["PROJECT"]\npartners = ["{APPLICANT}"]\n'
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 30.0


def measure(quick: bool) -> dict[str, Any]:
    """Return the time from apply to confirmed at the applicant, milliseconds by its own clock; one at a time."""
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        lab = Lab.create(Path(folder) / "network", 2)
        try:
            (lab.node(HOLDER).directory / "policy.toml").write_text(POLICY)
            client = lab.client(APPLICANT)
            times = list(_round_trips(client, 20 if quick else 200))
        finally:
            lab.down()
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "round trips": len(times),
        "approval round trip p50 ms": round(cuts[49], 1),
        "approval round trip p99 ms": round(cuts[98], 1),
        **_work(10 if quick else 40, 3 if quick else 5),
    }


def _work(count: int, turns: int) -> dict[str, Any]:
    """Return what a round trip costs both nodes together, and as a share of what it costs with signatures off."""
    kinds = {"SHA256_RSA": AuthType.SHA256_RSA, "SHA256_ECDSA": AuthType.SHA256_ECDSA, "off": AuthType.SHA256_ECDSA}
    measured: dict[str, list[float]] = {name: [] for name in kinds}
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for _ in range(turns):
        for name, auth_type in kinds.items():
            with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
                measured[name].append(asyncio.run(_turn(Path(folder), auth_type, name != "off", count)))
    costs = {name: statistics.median(each) for name, each in measured.items()}
    figures = {f"{name}: processor ms a round trip": round(cost, 2) for name, cost in costs.items()}
    return figures | {f"{name} of off": round(costs[name] / costs["off"], 2) for name in kinds if name != "off"}


async def _turn(folder: Path, auth_type: AuthType, signed: bool, count: int) -> float:
    """Return the processor's milliseconds for one round trip, both nodes together."""
    listeners: dict[str, Starlette] = {}
    applicant, holder = nodes = [
        BenchNode(folder / name, name, auth_type, signed=signed, listeners=listeners) for name in (APPLICANT, HOLDER)
    ]
    holder.policy.write_text(POLICY)
    await applicant.begin(holder)
    await holder.begin(applicant)
    try:
        await _approve(nodes, 0)  # finds caches cold
        begun = time.process_time()
        for number in range(1, count + 1):
            await _approve(nodes, number)
        return (time.process_time() - begun) * 1000 / count
    finally:
        for node in nodes:
            node.close()


async def _approve(nodes: list[BenchNode], number: int) -> None:
    applicant, holder = nodes
    project = await applicant.ask(PROJECT_CREATE, name=f"bench {number}", partners=[holder.node_id])
    for _ in range(4):  # applied, decided, confirmed, and taken
        for node in nodes:
            await node.work()
    [asked] = project.audits
    audit = await applicant.ask(AUDIT_SHOW, audit_id=asked.audit_id)
    if audit.status is not AuditStatus.APPROVED or not audit.has_permit:
        raise SystemExit(f"the approval is {audit.status}; it waits for {audit.waits_for}")


def _round_trips(client: NodeClient, count: int) -> Iterator[int]:
    for number in range(count + 1):
        [asked] = client.projects.create(f"bench {number}", [HOLDER]).audits
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (audit := client.audits.show(asked.audit_id)).status is not AuditStatus.APPROVED:
            if time.monotonic() > deadline:
                raise SystemExit(f"the approval is {audit.status}; it waits for {audit.waits_for}")
            time.sleep(LOOK_SECONDS)
        assert audit.decided_at is not None
        if number:  # the first one finds caches and connections cold
            yield audit.decided_at - audit.applied_at
