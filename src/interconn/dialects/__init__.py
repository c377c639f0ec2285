"""Dialects: how each kind of peer speaks, translated to and from our one model.

A dialect is a package with a module a layer in it; deviations of a peer live there and nowhere else.
`by_name` and `transport_by_name` are the whole registry.
"""

from __future__ import annotations

from interconn.dialects.dialect import Dialect
from interconn.dialects.standard import STANDARD
from interconn.dialects.standard.transport import STANDARD_TRANSPORT
from interconn.dialects.transport import TransportDialect
from interconn.standard.errors import ConfigurationError

_DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (STANDARD,)}
_TRANSPORT: dict[str, TransportDialect] = {dialect.name: dialect for dialect in (STANDARD_TRANSPORT,)}


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


def transport_by_name(name: str) -> TransportDialect:
    """Return the transport side of a dialect.

    Raises:
        ConfigurationError: that dialect has none.
    """
    try:
        return _TRANSPORT[name]
    except KeyError:
        raise ConfigurationError(f"the dialect {name!r} carries no messages", where="dialect") from None


__all__ = ["STANDARD", "STANDARD_TRANSPORT", "Dialect", "TransportDialect", "by_name", "transport_by_name"]
