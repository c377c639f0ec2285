"""This node's keys while it runs: which one each partner knows, and which one is the newest."""

from __future__ import annotations

from collections.abc import Callable

from interconn.identity.keys import Certified, KeyStore, Signer
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType


class KeyRing:
    """The keys of a store, for any thread.

    Args:
        store: where they live.
        known_by: the fingerprint by which a node knows this one; empty where it knows none.
    """

    def __init__(self, store: KeyStore, known_by: Callable[[str], str] = lambda _node_id: "") -> None:
        self._store = store
        self._known_by = known_by
        self._all = store.all()  # each opened once: an RSA key is checked for a tenth of a second
        self._newest = next(iter(self._all.values()))

    @property
    def newest(self) -> Signer:
        """The key for whoever does not know this node yet."""
        return self._newest

    def toward(self, node_id: str) -> Signer:
        """The key by which a node knows this one."""
        return self.find(self._known_by(node_id))

    def find(self, fingerprint: str) -> Signer:
        """The key of a fingerprint, or the newest where there is none of it any more."""
        return self._all.get(fingerprint, self._newest)

    def holds(self, fingerprint: str) -> bool:
        """Return whether there is a key of this fingerprint."""
        return fingerprint in self._all

    def follow(self, known_by: Callable[[str], str]) -> None:
        """Learn from here on by which key each node knows this one."""
        self._known_by = known_by

    def add(self, auth_type: AuthType, certified: Certified | None = None) -> Signer:
        """Make, or take, another key; nobody is told yet."""
        signer = self._store.add(auth_type, certified)
        self._all = {**self._all, signer.credential.fingerprint: signer}
        return signer

    def lead(self, fingerprint: str) -> None:
        """Have a key be the newest.

        Raises:
            ConfigurationError: it is not in the store.
        """
        if fingerprint not in self._all:
            raise ConfigurationError(
                f"the key {fingerprint} that this node is changing to is not in its store", where="keys",
                hint="Restore the folder keys and the database from one backup",
            )  # fmt: skip
        self._newest = self._all[fingerprint]

    def promote(self, fingerprint: str) -> None:
        """Have the store open this key at the next start."""
        self._store.promote(fingerprint)

    def forget(self, fingerprint: str) -> None:
        """Erase a key that nobody needs any more."""
        self._store.erase(fingerprint)
        self._all = {known: signer for known, signer in self._all.items() if known != fingerprint}

    def others(self) -> list[str]:
        """Return the fingerprints of all keys but the newest."""
        return [fingerprint for fingerprint in self._all if fingerprint != self._newest.credential.fingerprint]

    def certify(self, certificates: str) -> Signer:
        """Put new certificates, PEM, in the place of those of the newest key."""
        fingerprint = self._newest.credential.fingerprint
        self._newest = self._store.certify(fingerprint, certificates)
        self._all = {**self._all, fingerprint: self._newest}
        return self._newest

    def request(self, node_id: str) -> bytes:
        """Make a certificate signing request, PEM, for the key that the node signs with."""
        return self._store.request(node_id)
