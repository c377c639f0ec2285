"""The components that this node can run, by name, provider and version (CTL-6.1, CTL-G3.1.1.3-register)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from interconn.standard.errors import ConfigurationError, InterconnError, InvalidFlow
from interconn.standard.self_description import Identity, SelfDescription, identity

SHIPPED_PACKAGE: Final = "interconn.algorithms"
DESCRIPTION_FILE: Final = "self_description.json"


class Registry:
    """Self-descriptions by their three elements: those of the components that come with the node, and the registered.

    Args:
        descriptions: of what comes with the node.

    Raises:
        ConfigurationError: two describe the same component.
    """

    def __init__(self, descriptions: Iterable[SelfDescription]) -> None:
        own: dict[Identity, SelfDescription] = {}
        for description in descriptions:
            key = identity(description)
            if key in own:
                raise ConfigurationError(f"the component {' '.join(key)} is described twice", clause="CTL-6.1")
            own[key] = description
        self._own: Mapping[Identity, SelfDescription] = own
        self._by_key = own

    @classmethod
    def shipped(cls) -> Registry:
        """Return the components that come with interconn.

        The package is located and not imported: its code belongs in component processes only.
        """
        spec = find_spec(SHIPPED_PACKAGE)
        folders = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
        files = [file for folder in folders for file in sorted(folder.glob(f"*/{DESCRIPTION_FILE}"))]
        return cls(_read(file) for file in files)

    def comes_with_the_node(self, key: Identity) -> bool:
        """Return whether a component is of those that nobody registered."""
        return key in self._own

    def take_up(self, registered: Iterable[SelfDescription]) -> None:
        """Know these registered components beside the node's own, and no others (CTL-G3.1.1.3-register)."""
        # Replaced whole, so that whoever looks in another thread sees the one state or the other.
        self._by_key = {**{identity(each): each for each in registered}, **self._own}

    @property
    def all(self) -> tuple[SelfDescription, ...]:
        """Every component, by name, provider and version."""
        return tuple(self._by_key[key] for key in sorted(self._by_key))

    def find(self, name: str, provider: str, version: str) -> SelfDescription:
        """Return a component.

        Raises:
            InvalidFlow: it is not known here; the message names what is.
        """
        found = self._by_key.get((name, provider, version))
        if found:
            return found
        names = sorted({known for known, _, _ in self._by_key})
        same_name = [f"{provider_} {version_}" for name_, provider_, version_ in sorted(self._by_key) if name_ == name]
        if same_name:
            message = f"component {name} is known here from {', '.join(same_name)}, not from {provider} {version}"
        else:
            message = f"component {name} is not known here; known are {', '.join(names) or 'none'}"
        raise InvalidFlow(message, where="componentName", clause="CTL-6.7")


def _read(file: Path) -> SelfDescription:
    try:
        return SelfDescription.parse(file.read_bytes())
    except (OSError, InterconnError) as error:
        raise ConfigurationError(
            f"the self-description cannot be read: {error}", where=f"{file.parent.name}/{file.name}", clause="CMP-2"
        ) from None
