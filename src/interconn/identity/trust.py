"""Whether a partner's certificate is to be believed: auth_type CERT (docs/decisions/0009-keys-and-certificates.md).

A certificate is believed if it leads to a root that this institution has put into a folder, is valid now, is not on
a revocation list, may sign, and names the node. The path is looked for once and remembered as long as the files in
the folders are what they were; the time and the files themselves are looked at anew each time.
"""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID

from interconn.identity.credentials import LONGEST_CHAIN, Credential
from interconn.identity.revocation import RevocationList, Standing, read_lists, standing_of
from interconn.standard.errors import CertificateRefused

_NODE_NAME: Final = "urn:interconn:node:"
_REMEMBERED: Final = 1024
_Stamp = frozenset[tuple[str, int, int, int]]


def node_name(node_id: str) -> str:
    """Return the URI of a node, as a certificate names it among its alternative names."""
    return f"{_NODE_NAME}{node_id}"


def check_signing_certificate(certificate: x509.Certificate, node_id: str) -> None:
    """Check that a certificate is made for signing, by that node.

    Raises:
        CertificateRefused: it is an authority's, may not sign, holds something critical that is not understood, or
            is another node's.
    """
    try:
        extensions = {extension.value.__class__: extension for extension in certificate.extensions}
    except (ValueError, x509.DuplicateExtension):
        raise _refused("its extensions cannot be read") from None
    for extension in extensions.values():
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            raise _refused(f"it has a critical extension that is not known: {extension.oid.dotted_string}")
    if (constraints := extensions.get(x509.BasicConstraints)) and constraints.value.ca:
        raise _refused("it is an authority's, which signs certificates and not requests")
    if (usage := extensions.get(x509.KeyUsage)) and not usage.value.digital_signature:
        raise _refused("its key usage does not allow signatures")
    names = extensions.get(x509.SubjectAlternativeName)
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    of_nodes = [uri for uri in uris if uri.startswith(_NODE_NAME)]
    common = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    # The common name counts only where the certificate does not say whose it is in the way that is meant for it.
    if node_name(node_id) not in of_nodes if of_nodes else common != [node_id]:
        raise _refused(f"it is not of {node_id}, but of {(of_nodes or common or ['nobody'])[0][:160]}")


@dataclass(frozen=True)
class _Path:
    """A path that was found: from when to when every certificate of it is valid, and what the lists say."""

    begins: datetime.datetime
    ends: datetime.datetime
    standing: Standing


@dataclass
class _Knowledge:
    """What was read from the folders, and the paths that were found with it."""

    stamp: _Stamp
    roots: list[x509.Certificate]
    lists: list[RevocationList]
    unread: list[str]
    paths: dict[tuple[str, str], _Path] = field(default_factory=dict)


class CertificateTrust:
    """Trust in certificates, for any thread.

    Args:
        roots: folder of `*.pem` authorities.
        lists: folder of revocation lists, `*.crl` or `*.pem`, in PEM or DER.
        require_lists: refuse where an authority of the path has no list that is current.
    """

    def __init__(self, roots: Path, lists: Path, *, require_lists: bool) -> None:
        self._roots = roots
        self._lists = lists
        self._require_lists = require_lists
        self._lock = threading.Lock()
        self._known = _Knowledge(frozenset(), [], [], [])

    def require(self, credential: Credential, node_id: str, now: int) -> None:
        """Check that a CERT credential is that node's, and to be believed at this time, epoch milliseconds.

        Raises:
            CertificateRefused: it is not; the message says why.
        """
        moment = datetime.datetime.fromtimestamp(now / 1000, datetime.UTC)
        path = self._path(credential, node_id, moment)
        if not path.begins <= moment < path.ends:
            when = f"from {path.begins:%Y-%m-%d %H:%M} to {path.ends:%Y-%m-%d %H:%M} UTC"
            raise _refused(f"it, or one above it, is valid {when}, which is not now")
        if path.standing.revoked:
            raise _refused(f"it was revoked: {path.standing.revoked}")
        if self._require_lists and not path.standing.current(moment):
            raise _refused(
                "there is no revocation list that is current of each authority above it",
                hint="Put the authorities' new lists into the folder trust.revoked, or see trust.revocation",
            )

    def warnings(self) -> list[str]:
        """Return what is amiss in the folders."""
        return [f"{name} in the folders of trust is not used" for name in self._look().unread]

    def _path(self, credential: Credential, node_id: str, moment: datetime.datetime) -> _Path:
        known = self._look()
        place = (credential.pem, node_id)
        path = known.paths.get(place)
        if path is None:
            check_signing_certificate(credential.chain[0], node_id)
        if path is None or not path.begins <= moment < path.ends:  # there may be another one by now
            path = _found(credential, known, moment)
            if len(known.paths) >= _REMEMBERED:
                known.paths.clear()
            known.paths[place] = path
        return path

    def _look(self) -> _Knowledge:
        stamp = frozenset(_stamps(self._roots, self._lists))
        with self._lock:
            if stamp != self._known.stamp:
                self._known = self._read(stamp)
            return self._known

    def _read(self, stamp: _Stamp) -> _Knowledge:
        roots: list[x509.Certificate] = []
        unread: list[str] = []
        for file in sorted(self._roots.glob("*.pem")):
            try:
                roots.extend(x509.load_pem_x509_certificates(file.read_bytes()))
            except (OSError, ValueError):
                unread.append(file.name)
        lists, unread_lists = read_lists(self._lists)
        return _Knowledge(stamp, roots, lists, unread + unread_lists)


def until(credential: Credential) -> int:
    """Return when the first of the certificates of a credential to end ends, epoch milliseconds."""
    return int(min(one.not_valid_after_utc for one in credential.chain).timestamp() * 1000)


def require_certificate(trust: CertificateTrust | None, credential: Credential, node_id: str, now: int) -> None:
    """Check a credential if it is a certificate; other credentials have nothing above them.

    Raises:
        CertificateRefused: it is not to be believed, or this node knows no roots at all.
    """
    if not credential.chain:
        return
    if trust is None:
        raise _refused("this node has no folder of roots", hint="See the table trust in docs/configuration.md")
    trust.require(credential, node_id, now)


def _found(credential: Credential, known: _Knowledge, moment: datetime.datetime) -> _Path:
    leaf, *others = credential.chain
    if not known.roots:
        raise _refused(
            "no root is configured here", hint="The refusing node needs the authority's certificate in trust/roots"
        )
    # What a certificate for signing must hold was checked above; for the authorities the rules of RFC 5280 count as
    # the library knows them.
    policies = {
        "ca_policy": verification.ExtensionPolicy.webpki_defaults_ca(),
        "ee_policy": verification.ExtensionPolicy.permit_all(),
    }
    builder = verification.PolicyBuilder().store(verification.Store(known.roots)).extension_policies(**policies)
    verifier = builder.time(moment).max_chain_depth(LONGEST_CHAIN).build_client_verifier()
    try:
        chain = verifier.verify(leaf, others).chain
    except (verification.VerificationError, ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        ends = [one for one in credential.chain if not one.not_valid_before_utc <= moment < one.not_valid_after_utc]
        if ends:
            when = f"from {ends[0].not_valid_before_utc:%Y-%m-%d %H:%M} to {ends[0].not_valid_after_utc:%Y-%m-%d %H:%M}"
            raise _refused(f"it, or one above it, is valid {when} UTC, which is not now") from None
        raise _refused(f"no path leads from it to a root of this node ({str(error)[:200]})") from None
    if len(chain) < 2:
        raise _refused("it is a root itself, and nobody vouches for it")
    if any(isinstance(extension.value, x509.NameConstraints) for one in chain[1:] for extension in one.extensions):
        # Limits on hosts or mail say nothing of names of nodes, and what is limited was not meant to vouch for all.
        raise _refused(
            "an authority above it is limited to certain names, by which nodes are not named",
            hint="Take one from an authority without name constraints",
        )
    return _Path(
        begins=max(one.not_valid_before_utc for one in chain),
        ends=min(one.not_valid_after_utc for one in chain),
        standing=standing_of(chain, known.lists),
    )


def _stamps(*folders: Path) -> Iterator[tuple[str, int, int, int]]:
    # With every request: neither path objects nor an order are made before they are needed.
    for folder in folders:
        try:
            with os.scandir(folder) as files:
                for file in files:
                    facts = file.stat()
                    yield file.path, facts.st_mtime_ns, facts.st_size, facts.st_ino
        except OSError:
            continue


def _refused(why: str, *, hint: str | None = None) -> CertificateRefused:
    return CertificateRefused(
        f"the certificate is not believed: {why}", where="auth_credential", clause="MGT-3.4", hint=hint
    )
