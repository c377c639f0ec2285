"""Figures about the node for Prometheus, served on the admin listener."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from interconn.api.node import NodeStatus


class NodeCollector(Collector):
    """Offers the status of the node, as last asked, as gauges."""

    def __init__(self) -> None:
        self.status: NodeStatus | None = None

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        status = self.status
        if status is None:
            return
        yield _by("state", "interconn_contracts", "Contracts by state.", status.contracts)
        yield _by("state", "interconn_jobs", "Jobs by state.", status.jobs)
        yield GaugeMetricFamily("interconn_sessions_open", "Open transport sessions.", value=status.sessions)
        waiting = status.waiting_messages
        yield GaugeMetricFamily("interconn_outbox_waiting", "Messages to partners not yet answered.", value=waiting)
        yield GaugeMetricFamily(
            "interconn_contradicting_trails",
            "Partners whose audit trail contradicts a head that they gave before.",
            value=len(status.contradicting_trails),
        )
        now = time.time()
        ages = {node_id: now - written_at / 1000 for node_id, written_at in status.oldest_waiting.items()}
        text = "Age of the oldest message that a partner has not answered."
        yield _by("partner", "interconn_outbox_oldest_seconds", text, ages)
        text = "Contracts and approvals of which a partner is known to believe something else."
        yield _by("partner", "interconn_drift", text, status.drift)
        yield GaugeMetricFamily("interconn_ready", "Whether the node is ready.", value=int(status.ready))


def route(collector: NodeCollector, status: Callable[[], Awaitable[NodeStatus]]) -> Route:
    """Return the route `/metrics`: the node's gauges beside what the layers count and the process itself."""

    async def metrics(_request: Request) -> Response:
        collector.status = await status()
        return Response(generate_latest(REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST})

    return Route("/metrics", metrics)


def _by(label: str, name: str, text: str, counts: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for state, count in counts.items():
        family.add_metric([state], count)
    return family
