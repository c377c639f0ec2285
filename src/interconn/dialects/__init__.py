"""Dialects: how each kind of peer speaks, translated to and from our one model.

A dialect is a package with a module a layer in it; deviations of a peer live there and nowhere else.
`by_name` is the whole registry.
"""

from __future__ import annotations

from interconn.dialects.dialect import Dialect
from interconn.dialects.standard import STANDARD
from interconn.standard.errors import ConfigurationError

_DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (STANDARD,)}


def by_name(name: str) -> Dialect:
    """Return a dialect.

    Raises:
        ConfigurationError: there is none of that name.
    """
    try:
        return _DIALECTS[name]
    except KeyError:
        known = ", ".join(sorted(_DIALECTS))
        raise ConfigurationError(f"there is no dialect {name!r}", where="dialect", hint=f"Known: {known}") from None


__all__ = ["STANDARD", "Dialect", "by_name"]
