"""The continuity of keys in a trail: whose key was introduced by which entry, and nothing signed by any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interconn.standard.errors import BadSignature

INTRODUCING: Final = "contract:"
"""Entries about contracts (MGT-3) name the partner's key, and the one before it where it changed (MGT-3.4)."""
MEMBERS: Final = ("fingerprint", "former_fingerprint")


class KeyHistory:
    """The keys of partners, as far as the entries read so far introduced them.

    Args:
        complete: whether the entries begin with the first of the trail; otherwise a key may have been introduced
            before them, and one that is not known is taken from its first use.
    """

    def __init__(self, *, complete: bool) -> None:
        self._complete = complete
        self._known: dict[str, dict[str, int]] = {}

    def learn(self, entry: Mapping[str, Any]) -> None:
        """Take note of the keys that an entry introduces."""
        if not str(entry["subject"]).startswith(INTRODUCING):
            return
        for member in MEMBERS:
            fingerprint = entry["details"].get(member)
            if isinstance(fingerprint, str) and fingerprint:
                self._known.setdefault(entry["partner"], {}).setdefault(fingerprint, entry["number"])

    def require(self, node_id: str, fingerprint: str, number: int) -> None:
        """Check that a key is known to be a node's.

        Raises:
            BadSignature: no entry up to here introduced it.
        """
        known = self._known.setdefault(node_id, {})
        if fingerprint in known:
            return
        if self._complete:
            raise BadSignature(f"no contract entry introduced key {fingerprint[:16]}… of {node_id}", where="key")
        known[fingerprint] = number

    def listed(self) -> dict[str, dict[str, int]]:
        """Return the keys by node, each with the number of the entry that introduced or first used it."""
        return {node_id: dict(keys) for node_id, keys in sorted(self._known.items()) if keys}
