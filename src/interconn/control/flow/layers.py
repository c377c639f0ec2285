"""Where the boxes of a drawn DAG go: in layers from top to bottom, with few crossings.

Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981), in its simple
form: layers by longest path, points of passage where a link spans several, order by the mean of the neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Final

_SWEEPS: Final = 4
"""Times down and up; more change little."""

Passage = tuple[str, str, int]
"""A link from one box to another where it passes through a layer between theirs."""
Place = str | Passage


@dataclass(frozen=True)
class Layers:
    """Where everything is.

    Attributes:
        rows: from top to bottom, what stands in each layer from left to right.
        chains: for each link, the places it runs through, its ends included.
    """

    rows: Sequence[Sequence[Place]]
    chains: Mapping[tuple[str, str], Sequence[Place]]


def arrange(names: Sequence[str], links: Iterable[tuple[str, str]]) -> Layers:
    """Arrange boxes.

    Args:
        names: of all boxes.
        links: from one box to one that comes after it; without cycles.
    """
    links = sorted(set(links))
    above: dict[str, list[str]] = {name: [] for name in names}
    for source, target in links:
        above[target].append(source)
    depth: dict[str, int] = {}
    for name in TopologicalSorter(above).static_order():
        depth[name] = 1 + max((depth[source] for source in above[name]), default=-1)
    rows: list[list[Place]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name in names:
        rows[depth[name]].append(name)
    chains: dict[tuple[str, str], list[Place]] = {}
    for source, target in links:
        passages: list[Place] = [(source, target, row) for row in range(depth[source] + 1, depth[target])]
        for row, passage in enumerate(passages, depth[source] + 1):
            rows[row].append(passage)
        chains[source, target] = [source, *passages, target]
    _uncross(rows, chains.values())
    return Layers(rows, chains)


def _uncross(rows: list[list[Place]], chains: Iterable[Sequence[Place]]) -> None:
    up: dict[Place, list[Place]] = {}
    down: dict[Place, list[Place]] = {}
    for chain in chains:
        for source, target in pairwise(chain):
            down.setdefault(source, []).append(target)
            up.setdefault(target, []).append(source)
    for _ in range(_SWEEPS):
        for row, before in zip(rows[1:], rows, strict=False):
            _sort(row, before, up)
        for row, after in zip(rows[-2::-1], rows[::-1], strict=False):
            _sort(row, after, down)


def _sort(row: list[Place], other: Sequence[Place], neighbours: Mapping[Place, Sequence[Place]]) -> None:
    """Order a row by the mean place of the neighbours in another one; what has none keeps its share of the width."""
    at = {place: index / max(len(other) - 1, 1) for index, place in enumerate(other)}
    own = {place: index / max(len(row) - 1, 1) for index, place in enumerate(row)}
    row.sort(
        key=lambda place: (
            sum(at[each] for each in neighbours[place]) / len(neighbours[place])
            if neighbours.get(place)
            else own[place]
        )
    )
