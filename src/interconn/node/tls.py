"""How the partner listener shows who it is, and how partners' servers are trusted."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from interconn.node.settings import PartnerSection
from interconn.standard.errors import ConfigurationError


class PartnerTrust:
    """Trust in partners' servers: TLS 1.2 or newer, and only the authorities in the folder `trusted`.

    The system's own list of public authorities is not used: a partner is whom the institution says it is.
    """

    def __init__(self, home: Path, partner: PartnerSection) -> None:
        self._folder = home / partner.trusted
        self._loaded: set[tuple[Path, int, int]] = set()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A node's own self-signed certificate is trusted as it stands, without an authority above it.
        self.context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        self.refresh()

    def refresh(self) -> list[str]:
        """Trust files that were added to the folder since, or renewed, and return their names.

        What a file held before goes on being trusted until the node starts anew: OpenSSL takes nothing out of a
        context, and connections that stand are not cut.

        Raises:
            ConfigurationError: a file in the folder is no certificate.
        """
        added = []
        for present in sorted(self._present() - self._loaded):
            file = present[0]
            try:
                self.context.load_verify_locations(cafile=file)
            except (OSError, ssl.SSLError):
                raise ConfigurationError("this is no PEM certificate", where=str(file)) from None
            self._loaded.add(present)
            added.append(file.name)
        return added

    def _present(self) -> set[tuple[Path, int, int]]:
        found = set()
        for file in self._folder.glob("*.pem"):
            with suppress(FileNotFoundError):  # taken away just now
                looked = file.stat()
                found.add((file, looked.st_mtime_ns, looked.st_size))
        return found


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
