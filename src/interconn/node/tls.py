"""How the partner listener shows who it is, and how partners' servers are trusted."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from interconn.node.settings import PartnerSection
from interconn.standard.errors import ConfigurationError
from interconn.state.clock import Clock

log = structlog.get_logger()

REFRESH_SECONDS: Final = 2.0

_Present: TypeAlias = tuple[Path, int, int, int]
"""A file in a state: place, inode, time of change in nanoseconds, and bytes."""


class PartnerTrust:
    """Trust in partners' servers: TLS 1.2 or newer, and only the authorities in the folder `trusted`.

    The system's own list of public authorities is not used: a partner is whom the institution says it is.

    Attributes:
        context: for new connections. It is another one as soon as something is trusted no more, since OpenSSL takes
            nothing out of a context; whoever holds connections made under an earlier one has to end them.
    """

    def __init__(self, home: Path, partner: PartnerSection) -> None:
        self._folder = home / partner.trusted
        self._loaded: set[_Present] = set()
        self._unusable: set[_Present] = set()
        self.context = _context()
        self.refresh()

    def present(self) -> ssl.SSLContext:
        """Return the context for new connections."""
        return self.context

    def refresh(self) -> list[str]:
        """Trust exactly what the files in the folder hold by now; return the names of those added or renewed.

        Raises:
            ConfigurationError: a file in the folder is no certificate, told once for each state of it; all others count
                as they are.
        """
        present, before = self._present(), frozenset(self._loaded)
        self._unusable &= present
        if not before <= present:  # a file was taken away, or holds something else
            self._loaded, self.context = set(), _context()
        bad = []
        for one in sorted(present - self._loaded - self._unusable):
            try:
                self.context.load_verify_locations(cafile=one[0])
            except (OSError, ssl.SSLError):
                self._unusable.add(one)
                bad.append(str(one[0]))
            else:
                self._loaded.add(one)
        if bad:
            raise ConfigurationError("this is no PEM certificate", where=", ".join(bad))
        return [one[0].name for one in sorted(self._loaded - before)]

    async def keep(self, clock: Clock, *renew_connections: Callable[[], Awaitable[None]]) -> None:
        """Look at the folder every other second, and end connections that rest on what is trusted no more."""
        while True:
            earlier = self.context
            try:
                for name in self.refresh():
                    log.info("trusts a new authority", file=name)
            except ConfigurationError as error:
                log.warning("cannot trust a file", reason=str(error))
            if self.context is not earlier:
                log.info("some certificates are trusted no more: connections to partners begin anew")
                for renew in renew_connections:
                    await renew()
            await clock.sleep(REFRESH_SECONDS)

    def _present(self) -> set[_Present]:
        found = set()
        for file in self._folder.glob("*.pem"):
            with suppress(FileNotFoundError):  # taken away just now
                looked = file.stat()
                found.add((file, looked.st_ino, looked.st_mtime_ns, looked.st_size))
        return found


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A node's own self-signed certificate is trusted as it stands, without an authority above it.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def check_server_files(home: Path, partner: PartnerSection) -> tuple[Path, Path]:
    """Return the server's certificate and key files once they are known to fit.

    Raises:
        ConfigurationError: one is missing, or they do not belong together.
    """
    certificate, key = home / partner.certificate, home / partner.private_key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the TLS certificate and key cannot be used: {error}",
            where=f"{partner.certificate}, {partner.private_key}",
        ) from None
    return certificate, key
