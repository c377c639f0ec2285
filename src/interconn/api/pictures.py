"""Pictures of what a node knows."""

from __future__ import annotations

from pydantic import Field

from interconn.standard.wire import WireModel


class Picture(WireModel):
    """A picture."""

    svg: str = Field(description="SVG 1.1, without scripts and references")
