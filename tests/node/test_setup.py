"""Making a node: tight modes, nothing overwritten, a certificate that fits."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from interconn.identity.certificates import create_authority, create_node_certificate
from interconn.identity.key_files import FileKeyStore
from interconn.node import settings
from interconn.node.settings import InitialSettings, NodeSection, PartnerSection, StateSection
from interconn.node.setup import Home, initialise
from interconn.node.tls import PartnerTrust, check_server_files
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType
from interconn.state import schema

NODE = NodeSection(node_id="bank", inst_id="bank-institution", institution="Example Bank", name="Bank")


@pytest.mark.parametrize("auth_type", [AuthType.SHA256_ECDSA, AuthType.SHA256_RSA])
def test_a_node_is_made_with_the_key_asked_for(tmp_path: Path, auth_type: AuthType) -> None:
    signer = initialise(InitialSettings(home=tmp_path / "node", node=NODE, auth_type=auth_type))
    assert FileKeyStore(tmp_path / "node" / "keys").load().credential == signer.credential
    assert signer.credential.auth_type is auth_type


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    home = Home(tmp_path / "node")
    for secret in (home.admin_token, home.keys / "signing_key.pem", home.root / "tls" / "node.key"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600, secret.name
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_no_two_nodes_share_a_secret(tmp_path: Path) -> None:
    tokens = set()
    for name in ("a", "b"):
        initialise(InitialSettings(home=tmp_path / name, node=NODE))
        tokens.add(Home(tmp_path / name).admin_token.read_text())
    assert len(tokens) == 2


def test_a_node_is_never_made_over_another(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    before = {path: path.read_bytes() for path in (tmp_path / "node").rglob("*") if path.is_file()}
    with pytest.raises(ConfigurationError, match="here already"):
        initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    assert {path: path.read_bytes() for path in before} == before


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        initialise(InitialSettings(home=tmp_path / "file" / "node", node=NODE))


def test_the_database_is_of_the_newest_schema(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    assert schema.current(Home(tmp_path / "node").database_url(StateSection())) == schema.HEAD


def test_an_institutions_own_certificate_is_used(tmp_path: Path) -> None:
    authority = create_authority("Example authority")
    made = create_node_certificate("bank", ["bank.example"], authority)
    files = {"node.pem": made.certificate, "node.key": made.private_key, "root.pem": authority.certificate}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    initialise(
        InitialSettings(
            home=tmp_path / "node",
            node=NODE,
            certificate=tmp_path / "node.pem",
            private_key=tmp_path / "node.key",
            trusted=[tmp_path / "root.pem"],
        )
    )
    partner = settings.load(tmp_path / "node").partner
    assert check_server_files(tmp_path / "node", partner)[0].read_bytes() == made.certificate
    assert PartnerTrust(tmp_path / "node", partner).context.cert_store_stats()["x509_ca"] == 1


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node.pem").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="go together"):
        initialise(InitialSettings(home=tmp_path / "node", node=NODE, certificate=tmp_path / "node.pem"))


def test_a_certificate_of_another_key_is_refused_at_start(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    (tmp_path / "node" / "tls" / "node.pem").write_bytes(create_node_certificate("other", ["x"]).certificate)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        check_server_files(tmp_path / "node", PartnerSection())


def test_a_file_that_is_no_certificate_is_named_and_not_trusted(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    trust = PartnerTrust(tmp_path / "node", PartnerSection())
    (tmp_path / "node" / "tls" / "trusted" / "bad.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError) as caught:
        trust.refresh()
    assert caught.value.where and caught.value.where.endswith("bad.pem")


def test_an_authority_added_later_is_trusted_without_a_restart(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    trust = PartnerTrust(tmp_path / "node", PartnerSection())
    (tmp_path / "node" / "tls" / "trusted" / "new.pem").write_bytes(create_authority("new").certificate)
    assert trust.refresh() == ["new.pem"]
    assert trust.refresh() == []


def test_a_partners_renewed_certificate_is_trusted_without_a_restart(tmp_path: Path) -> None:
    initialise(InitialSettings(home=tmp_path / "node", node=NODE))
    trust = PartnerTrust(tmp_path / "node", PartnerSection())
    file = tmp_path / "node" / "tls" / "trusted" / "partner.pem"
    for name in ("first", "second, under a longer name"):
        file.write_bytes(create_authority(name).certificate)
        assert trust.refresh() == ["partner.pem"]
    subjects = [dict(part[0] for part in one["subject"])["commonName"] for one in trust.context.get_ca_certs()]
    assert subjects == ["second, under a longer name"]  # what the file held before is trusted no more


def test_the_database_url_may_lie_in_a_file_of_the_nodes_user_alone(tmp_path: Path) -> None:
    home, state = Home(tmp_path), StateSection(database_file="database.url")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        home.database_url(state)
    (tmp_path / "database.url").write_text("postgresql://interconn:secret@localhost/interconn\n")
    (tmp_path / "database.url").chmod(0o640)
    with pytest.raises(ConfigurationError, match="others than the node's user"):
        home.database_url(state)
    (tmp_path / "database.url").chmod(0o600)
    assert home.database_url(state) == "postgresql://interconn:secret@localhost/interconn"
    with pytest.raises(ConfigurationError, match="twice"):
        home.database_url(StateSection(database="sqlite://", database_file="database.url"))


def test_a_database_url_is_not_shown() -> None:
    assert "secret" not in repr(StateSection(database="postgresql://interconn:secret@localhost/interconn"))
