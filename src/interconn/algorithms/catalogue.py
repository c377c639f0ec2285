"""The components shipped with interconn. Reading the catalogue loads none of them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from interconn.sdk.component import Component
from interconn.standard.errors import ConfigurationError
from interconn.standard.self_description import SelfDescription

PROVIDER: Final = "interconn"

_PACKAGES: Final = {"psi": "ecdh_psi", "table_summary": "table_summary"}

SHIPPED: Final[Mapping[str, Path]] = MappingProxyType(
    {name: Path(__file__).parent / package / "self_description.json" for name, package in _PACKAGES.items()}
)
"""Component name to the path of its self-description; run one with `python -m interconn.algorithms`."""


def describe(name: str) -> SelfDescription:
    """Return the self-description of a shipped component.

    Raises:
        ConfigurationError: there is none of that name.
    """
    return SelfDescription.parse(SHIPPED[_known(name)].read_bytes())


def load(name: str) -> Component:
    """Return a shipped component, ready to run.

    Raises:
        ConfigurationError: there is none of that name.
    """
    module = importlib.import_module(f"interconn.algorithms.{_PACKAGES[_known(name)]}.component")
    component: Component = module.COMPONENT
    return component


def _known(name: str) -> str:
    if name not in _PACKAGES:
        raise ConfigurationError(
            "names no component of this image",
            where="runtime.component.name",
            clause="CMP-3.4.1",
            hint=f"It holds {', '.join(_PACKAGES)}.",
        )
    return name
