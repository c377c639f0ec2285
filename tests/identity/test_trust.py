"""Which certificates of partners are believed (auth_type CERT, MGT-3.4); each fixture is named for what is wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from interconn.identity.credentials import LONGEST_CHAIN, Credential
from interconn.identity.trust import CertificateTrust, require_certificate
from interconn.standard.errors import CertificateRefused, InvalidRequest
from interconn.standard.management import AuthType

NOW = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def at(moment: datetime.datetime) -> int:
    return int(moment.timestamp() * 1000)


def usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


@dataclass
class Authority:
    """An authority of the test, which signs what it is asked to sign."""

    name: str = "Root of banks"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    above: Authority | None = None
    begins: datetime.datetime = NOW - 100 * DAY
    ends: datetime.datetime = NOW + 1000 * DAY

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def certificate(self) -> x509.Certificate:
        signer = self.above or self
        return (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(signer.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
            .sign(signer.key, hashes.SHA256())
        )

    def issue(
        self,
        node_id: str = "bank",
        *,
        key: Any = None,
        uris: tuple[str, ...] | None = None,
        common: tuple[str, ...] | None = None,
        authority: bool = False,
        key_usage: x509.KeyUsage | None = None,
        begins: datetime.datetime = NOW - DAY,
        ends: datetime.datetime = NOW + 30 * DAY,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    ) -> x509.Certificate:
        key = key or ec.generate_private_key(ec.SECP256R1())
        names = (node_id,) if common is None else common
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names]))
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(key_usage or usage(digital_signature=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        uris = (f"urn:interconn:node:{node_id}",) if uris is None else uris
        if uris:
            names_of = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
            builder = builder.add_extension(names_of, critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def list(
        self,
        *revoked: x509.Certificate,
        last: datetime.datetime = NOW - DAY,
        following: datetime.datetime = NOW + DAY,
        key: ec.EllipticCurvePrivateKey | None = None,
        partial: bool = False,
    ) -> x509.CertificateRevocationList:
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject)
        builder = builder.last_update(last).next_update(following)
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(last)
            builder = builder.add_revoked_certificate(entry.build())
        if partial:
            point = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
            builder = builder.add_extension(point, critical=True)
        return builder.sign(key or self.key, hashes.SHA256())


@dataclass
class Folders:
    """The folders of a node, and its trust."""

    home: Path
    trust: CertificateTrust

    @classmethod
    def make(cls, home: Path, *, require_lists: bool = False) -> Folders:
        for name in ("roots", "revoked"):
            (home / name).mkdir()
        return cls(home, CertificateTrust(home / "roots", home / "revoked", require_lists=require_lists))

    def root(self, *authorities: Authority) -> None:
        for number, authority in enumerate(authorities):
            (self.home / "roots" / f"root-{number}.pem").write_bytes(pem(authority.certificate()))

    def put(
        self, revocation_list: x509.CertificateRevocationList, name: str = "list.crl", *, der: bool = False
    ) -> None:
        encoding = serialization.Encoding.DER if der else serialization.Encoding.PEM
        (self.home / "revoked" / name).write_bytes(revocation_list.public_bytes(encoding))

    def believe(self, *chain: x509.Certificate, node_id: str = "bank", moment: datetime.datetime = NOW) -> None:
        credential = Credential.parse(AuthType.CERT, b"".join(map(pem, chain)).decode())
        self.trust.require(credential, node_id, at(moment))


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def root() -> Authority:
    return Authority()


@pytest.fixture
def folders(tmp_path: Path, root: Authority) -> Folders:
    made = Folders.make(tmp_path)
    made.root(root)
    return made


@pytest.fixture
def strict(tmp_path: Path, root: Authority) -> Folders:
    made = Folders.make(tmp_path, require_lists=True)
    made.root(root)
    return made


def test_a_certificate_under_a_root_is_believed(folders: Folders, root: Authority) -> None:
    folders.believe(root.issue())
    folders.believe(root.issue(key=rsa.generate_private_key(65537, 2048)))


def test_intermediate_authorities_come_with_the_credential(folders: Folders, root: Authority) -> None:
    middle = Authority("Middle", above=root)
    leaf = middle.issue()
    folders.believe(leaf, middle.certificate())
    with pytest.raises(CertificateRefused, match="no path"):
        folders.believe(leaf)


def test_a_common_name_counts_where_no_uri_names_a_node(folders: Folders, root: Authority) -> None:
    folders.believe(root.issue(uris=()))
    folders.believe(root.issue(uris=("https://bank.example",)))


def lookalike(root: Authority) -> x509.Certificate:
    return Authority(root.name).issue()


def self_signed(root: Authority) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority("bank", key=key).issue(key=key)


def tampered(root: Authority) -> x509.Certificate:
    raw = bytearray(root.issue().public_bytes(serialization.Encoding.DER))
    raw[-1] ^= 1
    return x509.load_der_x509_certificate(bytes(raw))


WRONG: dict[str, tuple[Callable[[Authority], x509.Certificate], str]] = {
    "expired": (lambda root: root.issue(begins=NOW - 9 * DAY, ends=NOW - DAY), "not now"),
    "not_yet_valid": (lambda root: root.issue(begins=NOW + DAY), "not now"),
    "ends_this_second": (lambda root: root.issue(ends=NOW), "not now"),
    "of_an_unknown_root": (lambda _: Authority("Another root").issue(), "no path"),
    "of_a_lookalike_of_the_root": (lookalike, "no path"),
    "self_signed": (self_signed, "no path"),
    "signature_tampered": (tampered, "no path"),
    "of_another_node": (lambda root: root.issue("operator"), "not of bank, but of urn:interconn:node:operator"),
    "uri_of_another_node_and_right_common_name": (
        lambda root: root.issue(uris=("urn:interconn:node:operator",)),
        "not of bank",
    ),
    "node_id_in_another_case": (lambda root: root.issue("Bank"), "not of bank"),
    "node_id_as_a_prefix": (lambda root: root.issue("bank2"), "not of bank"),
    "two_common_names": (lambda root: root.issue(uris=(), common=("bank", "operator")), "not of bank"),
    "no_name_at_all": (lambda root: root.issue(uris=(), common=()), "not of bank, but of nobody"),
    "authority_flag_on_a_leaf": (lambda root: root.issue(authority=True), "an authority's"),
    "key_usage_without_signatures": (
        lambda root: root.issue(key_usage=usage(key_agreement=True)),
        "does not allow signatures",
    ),
    "unknown_critical_extension": (
        lambda root: root.issue(
            extensions=((x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0"), True),)
        ),
        "critical extension",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_mgt_3_4_what_is_wrong_with_a_certificate_is_said(folders: Folders, root: Authority, wrong: str) -> None:
    make, said = WRONG[wrong]
    with pytest.raises(CertificateRefused, match=said):
        folders.believe(make(root))


def test_an_authority_that_may_not_sign_certificates_vouches_for_nobody(folders: Folders, root: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    middle = root.issue("middle", key=key)
    with pytest.raises(CertificateRefused, match="no path"):
        folders.believe(Authority("middle", key=key).issue(), middle)


def test_a_root_that_has_expired_vouches_for_nobody(tmp_path: Path) -> None:
    folders, root = Folders.make(tmp_path), Authority(ends=NOW - DAY)
    folders.root(root)
    with pytest.raises(CertificateRefused):
        folders.believe(root.issue())


def test_a_root_is_no_credential_of_a_node(folders: Folders, root: Authority) -> None:
    with pytest.raises(CertificateRefused):
        folders.believe(root.certificate(), node_id=root.name)


@pytest.mark.parametrize("bits", [1024, 1536])
def test_a_weak_key_is_no_credential(root: Authority, bits: int) -> None:
    certificate = root.issue(key=rsa.generate_private_key(65537, bits))
    with pytest.raises(InvalidRequest, match="2048"):
        Credential.parse(AuthType.CERT, pem(certificate).decode())


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no PEM certificate"), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no PEM")],
)
def test_what_is_no_certificate_is_no_credential(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Credential.parse(AuthType.CERT, text)


def test_a_chain_is_bounded(root: Authority) -> None:
    with pytest.raises(InvalidRequest, match="more than 8"):
        Credential.parse(AuthType.CERT, pem(root.issue()).decode() * 9)


def test_the_fingerprint_is_the_key_s_and_survives_renewal(root: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    one, other = (Credential.parse(AuthType.CERT, pem(root.issue(key=key)).decode()) for _ in range(2))
    assert one.fingerprint == other.fingerprint and one.pem != other.pem


def test_expiry_takes_effect_without_a_restart(folders: Folders, root: Authority) -> None:
    leaf = root.issue(ends=NOW + DAY)
    folders.believe(leaf)
    folders.believe(leaf, moment=NOW + DAY - datetime.timedelta(seconds=1))
    with pytest.raises(CertificateRefused, match="not now"):
        folders.believe(leaf, moment=NOW + DAY)
    folders.believe(leaf)


def test_a_root_that_is_taken_away_or_added_counts_at_once(folders: Folders, root: Authority) -> None:
    leaf = root.issue()
    folders.believe(leaf)
    (folders.home / "roots" / "root-0.pem").unlink()
    with pytest.raises(CertificateRefused, match="no root is configured"):
        folders.believe(leaf)
    folders.root(root)
    folders.believe(leaf)


def test_without_folders_no_certificate_is_believed(root: Authority) -> None:
    credential = Credential.parse(AuthType.CERT, pem(root.issue()).decode())
    with pytest.raises(CertificateRefused, match="no folder of roots"):
        require_certificate(None, credential, "bank", at(NOW))


# --- revocation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("der", [True, False])
def test_a_revocation_takes_effect_at_once(folders: Folders, root: Authority, der: bool) -> None:
    leaf, other = root.issue(), root.issue()
    folders.believe(leaf)
    folders.put(root.list(leaf), der=der)
    with pytest.raises(CertificateRefused, match="revoked"):
        folders.believe(leaf)
    folders.believe(other)


def test_a_revoked_intermediate_authority_takes_all_below_with_it(folders: Folders, root: Authority) -> None:
    middle = Authority("Middle", above=root)
    certificate, leaf = middle.certificate(), middle.issue()
    folders.believe(leaf, certificate)
    folders.put(root.list(certificate))
    with pytest.raises(CertificateRefused, match=r"revoked.*Middle"):
        folders.believe(leaf, certificate)


def test_a_list_that_its_authority_did_not_sign_counts_for_nothing(folders: Folders, root: Authority) -> None:
    leaf = root.issue()
    folders.put(root.list(leaf, key=ec.generate_private_key(ec.SECP256R1())))
    folders.believe(leaf)


def test_a_revocation_in_an_old_list_still_counts(folders: Folders, root: Authority) -> None:
    leaf = root.issue()
    folders.put(root.list(leaf, last=NOW - 9 * DAY, following=NOW - 8 * DAY))
    with pytest.raises(CertificateRefused, match="revoked"):
        folders.believe(leaf)


def test_where_no_list_is_demanded_one_that_is_missing_or_old_hinders_nobody(folders: Folders, root: Authority) -> None:
    folders.believe(root.issue())
    folders.put(root.list(last=NOW - 9 * DAY, following=NOW - 8 * DAY))
    folders.believe(root.issue())


@pytest.mark.parametrize(
    "wrong",
    ["missing", "old", "of the future", "signed by a lookalike", "of another authority", "partial", "no list"],
)
def test_where_a_list_is_demanded_nothing_else_will_do(strict: Folders, root: Authority, wrong: str) -> None:
    stranger = Authority("Another root")
    lists = {
        "old": lambda: root.list(last=NOW - 9 * DAY, following=NOW),
        "of the future": lambda: root.list(last=NOW + DAY, following=NOW + 2 * DAY),
        "signed by a lookalike": lambda: root.list(key=stranger.key),
        "of another authority": lambda: stranger.list(),
        "partial": lambda: root.list(partial=True),
    }
    if wrong in lists:
        strict.put(lists[wrong]())
    elif wrong == "no list":
        (strict.home / "revoked" / "list.crl").write_bytes(b"nonsense")
        assert any("list.crl" in text for text in strict.trust.warnings())
    with pytest.raises(CertificateRefused, match="revocation list"):
        strict.believe(root.issue())
    strict.put(root.list(), "right.crl")
    strict.believe(root.issue())


def test_each_authority_of_the_path_needs_its_list(strict: Folders, root: Authority) -> None:
    middle = Authority("Middle", above=root)
    chain = (middle.issue(), middle.certificate())
    strict.put(root.list(), "root.crl")
    with pytest.raises(CertificateRefused, match="revocation list"):
        strict.believe(*chain)
    strict.put(middle.list(), "middle.crl")
    strict.believe(*chain)


def test_a_list_grows_old_without_a_restart(strict: Folders, root: Authority) -> None:
    leaf = root.issue()
    strict.put(root.list(following=NOW + DAY))
    strict.believe(leaf)
    with pytest.raises(CertificateRefused, match="revocation list"):
        strict.believe(leaf, moment=NOW + DAY)
    strict.put(root.list(last=NOW + DAY, following=NOW + 2 * DAY), "next.crl")
    strict.believe(leaf, moment=NOW + DAY)


def below(above: Authority, name: str, *, length: int | None = None, constraints: x509.NameConstraints | None = None):
    """An authority below another, as that one limits it; its certificate beside it."""
    made = Authority(name, above=above)
    plain = made.certificate()
    builder = x509.CertificateBuilder().subject_name(plain.subject).issuer_name(plain.issuer)
    builder = builder.public_key(made.key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(made.begins).not_valid_after(made.ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
    for one in plain.extensions:
        if not isinstance(one.value, x509.BasicConstraints):
            builder = builder.add_extension(one.value, one.critical)
    if constraints:
        builder = builder.add_extension(constraints, critical=True)
    return made, builder.sign(above.key, hashes.SHA256())


def test_an_authority_that_may_have_none_below_it_does_not_vouch_through_one(folders: Folders, root: Authority) -> None:
    last, its = below(root, "Last", length=0)
    folders.believe(last.issue(), its)
    further, beyond = below(last, "Further")
    with pytest.raises(CertificateRefused, match="no path"):
        folders.believe(further.issue(), beyond, its)


def test_a_path_of_as_many_as_are_allowed_is_believed_and_none_longer(folders: Folders, root: Authority) -> None:
    authority, chain = root, []
    for number in range(LONGEST_CHAIN - 1):
        authority, its = below(authority, f"Middle {number}")
        chain.insert(0, its)
    folders.believe(authority.issue(), *chain)
    further, its = below(authority, "One more")
    with pytest.raises((CertificateRefused, InvalidRequest)):
        folders.believe(further.issue(), its, *chain)


@pytest.mark.parametrize(
    "constraints",
    [
        x509.NameConstraints([x509.UniformResourceIdentifier("fund.example")], None),
        x509.NameConstraints(None, [x509.UniformResourceIdentifier(".example")]),
        x509.NameConstraints([x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fund")]))], None),
        x509.NameConstraints([x509.DNSName("fund.example")], None),
    ],
    ids=["uris of others alone", "uris left out", "subjects of others alone", "hosts of others alone"],
)
@pytest.mark.parametrize("named_by", ["uri", "common name"])
def test_an_authority_for_other_names_does_not_vouch_for_this_node(
    folders: Folders, root: Authority, constraints: x509.NameConstraints, named_by: str
) -> None:
    """Whether such a limit is understood or not: it is none that may be passed over."""
    narrow, its = below(root, "Of the fund", constraints=constraints)
    with pytest.raises(CertificateRefused):
        folders.believe(narrow.issue() if named_by == "uri" else narrow.issue(uris=()), its)
