"""Revocation lists of authorities (RFC 5280 section 5), read from a folder; nothing is fetched."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

RevocationList = x509.CertificateRevocationList

LARGEST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Standing:
    """What the lists say of a path.

    Attributes:
        revoked: which certificate was revoked and since when; empty if none was.
        spans: of each authority of the path from when to when its genuine lists count.
    """

    revoked: str
    spans: tuple[tuple[tuple[datetime.datetime, datetime.datetime], ...], ...]

    def current(self, moment: datetime.datetime) -> bool:
        """Return whether every authority of the path has a list that counts at this moment."""
        return all(any(begins <= moment < ends for begins, ends in of_one) for of_one in self.spans)


def read_lists(folder: Path) -> tuple[list[RevocationList], list[str]]:
    """Return the lists in a folder, and the names of the files that are none."""
    lists, unread = [], []
    for file in sorted([*folder.glob("*.crl"), *folder.glob("*.pem")]):
        try:
            if file.stat().st_size > LARGEST_BYTES:
                raise ValueError("too large")
            content = file.read_bytes()
            load = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
            lists.append(load(content))
        except (OSError, ValueError):
            unread.append(file.name)
    return lists, unread


def standing_of(chain: Sequence[x509.Certificate], lists: Sequence[RevocationList]) -> Standing:
    """Hold a path, from the node's certificate to the root, against the lists of its authorities.

    A revocation in any genuine list of the authority counts, also in one that is old by now: an authority seldom
    takes a revocation back, and then under another serial number.
    """
    revoked, spans = "", []
    for certificate, authority in pairwise(chain):
        genuine = [one for one in lists if _is_of(one, authority)]
        for one in genuine:
            entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and not revoked:
                revoked = (
                    f"{certificate.subject.rfc4514_string()[:160]}, since {entry.revocation_date_utc:%Y-%m-%d %H:%M}"
                )
        spans.append(_spans(genuine))
    return Standing(revoked, tuple(spans))


def _spans(genuine: Sequence[RevocationList]) -> tuple[tuple[datetime.datetime, datetime.datetime], ...]:
    # A list without an end promises nothing, and one with a critical extension may be of a part only.
    return tuple(
        (one.last_update_utc, one.next_update_utc)
        for one in genuine
        if one.next_update_utc and not any(part.critical for part in one.extensions)
    )


def _is_of(one: RevocationList, authority: x509.Certificate) -> bool:
    if one.issuer != authority.subject:
        return False
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.crl_sign:
        return False
    try:
        return one.is_signature_valid(authority.public_key())  # type: ignore[arg-type] # other kinds of key raise TypeError
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False
