"""Python client of a node's own API (admin listener), made from the endpoint tables.

`NodeClient` waits for each answer; `AsyncNodeClient` (needs aiohttp, in the extra `node`) returns awaitables of
the same answers. Both offer the same nouns: node, keys, peers, datasets, models, projects, components, flows, jobs,
audits, permits, grants, preauthorisations, policies, results, state, trail, sessions, platform, users and tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interconn.client.blocking import NodeClient
from interconn.client.home import NodeAccess, find_node

if TYPE_CHECKING:
    from interconn.client.waiting import AsyncNodeClient

__all__ = ["AsyncNodeClient", "NodeAccess", "NodeClient", "find_node"]


def __getattr__(name: str) -> Any:
    if name == "AsyncNodeClient":
        from interconn.client.waiting import AsyncNodeClient

        return AsyncNodeClient
    raise AttributeError(name)
