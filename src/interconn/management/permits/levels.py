"""The levels of resources, and what each kind is called (MGT-2.2-mprac-highest-level, resolution 24)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ResourceType(StrEnum):
    """What a permit may be for; the audits that mint permits have kinds of the same names (MGT-2.2-permit)."""

    NODE = "NODE"
    PROJECT = "PROJECT"
    FLOW = "FLOW"
    JOB = "JOB"
    DATASET = "DATASET"
    COMPONENT = "COMPONENT"
    MODEL = "MODEL"


LEVELS: Final = {
    ResourceType.NODE: 5,
    ResourceType.PROJECT: 4,
    ResourceType.FLOW: 3,
    ResourceType.JOB: 2,
    ResourceType.DATASET: 1,
    ResourceType.COMPONENT: 1,
    ResourceType.MODEL: 1,
}
"""Resource levels; a larger number is higher.

What one works in contains what is below it: a node its projects, a project its flows, a flow its jobs. What one works
with (data sets, components, models) is contained in none of these, may be used in many, and stands side by side at the
bottom. Nodes and components have a level and no permit: no call of the standard that decides on one carries it.
"""

WORDS: Final = {
    ResourceType.NODE: "node",
    ResourceType.PROJECT: "project",
    ResourceType.FLOW: "flow",
    ResourceType.JOB: "job",
    ResourceType.DATASET: "data set",
    ResourceType.COMPONENT: "component",
    ResourceType.MODEL: "model",
}
"""What messages call them."""
