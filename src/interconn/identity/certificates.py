"""Certificates: a small authority of one's own, and certificates of nodes made with it, for TLS and for signing.

An institution with an authority of its own configures its files instead (docs/configuration.md).
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from interconn.identity.keys import Certified, private_pem
from interconn.identity.trust import node_name

_CLOCK_TOLERANCE = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    private_key: bytes

    def __repr__(self) -> str:
        return "Certificate(...)"


def create_authority(name: str, *, days: int = 3650) -> Certificate:
    """Make a certificate authority, P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Certificate(_pem(builder.sign(key, hashes.SHA256())), private_pem(key))


def create_node_certificate(
    node_id: str, hosts: list[str], authority: Certificate | None = None, *, days: int = 825
) -> Certificate:
    """Make a node's TLS certificate for server and client use.

    Args:
        node_id: common name, and a DNS-free identity of the node.
        hosts: names and addresses under which the node is reached.
        authority: who signs it; without one the certificate signs itself.
        days: how long it is valid.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node_id[:64])])
    issuer, signing_key, issuer_public = subject, key, key.public_key()
    if authority:
        issued_by = x509.load_pem_x509_certificate(authority.certificate)
        loaded = serialization.load_pem_private_key(authority.private_key, password=None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        public = issued_by.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        issuer, signing_key, issuer_public = issued_by.subject, loaded, public
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = (
        _builder(subject, issuer, key.public_key(), days)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(usages, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)
    )
    return Certificate(_pem(builder.sign(signing_key, hashes.SHA256())), private_pem(key))


def create_signing_certificate(node_id: str, authority: Certificate, *, days: int = 397) -> Certified:
    """Make the key and the certificate that a node signs requests with (auth_type CERT).

    Args:
        node_id: whose it is; named as `urn:interconn:node:…` among the alternative names.
        authority: who signs it.
        days: how long it is valid.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    return Certified(private_pem(key), certify_key(node_id, key.public_key(), authority, days=days))


def certify_key(
    node_id: str, public_key: CertificatePublicKeyTypes, authority: Certificate, *, days: int = 397
) -> bytes:
    """Make a certificate for signing, PEM, for a key that is there: a new one of the same key renews it."""
    issued_by = x509.load_pem_x509_certificate(authority.certificate)
    signing_key = serialization.load_pem_private_key(authority.private_key, password=None)
    issuer_public = issued_by.public_key()
    assert isinstance(signing_key, ec.EllipticCurvePrivateKey)
    assert isinstance(issuer_public, ec.EllipticCurvePublicKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node_id[:64])])
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(node_name(node_id))])
    builder = (
        _builder(subject, issued_by.subject, public_key, days)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)
    )
    return _pem(builder.sign(signing_key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: CertificatePublicKeyTypes, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
