"""An approval there and back between two real nodes: applied, decided by a rule of the policy, confirmed."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interconn.client import NodeClient
from interconn.lab.network import Lab
from interconn.standard.management import AuditStatus

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
    }


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
