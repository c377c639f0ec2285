"""Partners that sign under certificates: what is believed at first contact and at every call (auth_type CERT)."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from interconn.api import keys as keys_api
from interconn.api import peers as peers_api
from interconn.identity.certificates import certify_key, create_authority, create_signing_certificate
from interconn.identity.key_files import FileKeyStore
from interconn.identity.trust import CertificateTrust
from interconn.management import ChangeRules
from interconn.management.contracts.tables import Contract
from interconn.standard import management as standard
from interconn.standard.errors import CertificateRefused, ContractNotUsable, PeerRefused
from interconn.standard.management import AuthType

DAY = 24 * 3_600_000


@pytest.fixture
def authority():
    return create_authority("Authority of banks")


@pytest.fixture
async def certified(network, bank, operator, authority):
    """Bank signs under a certificate, operator trusts its authority; it is the time at which certificates are made."""
    network.clock.time = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    await sign_under(bank, create_signing_certificate("bank", authority))
    await trusting(operator, authority)
    return bank, operator


async def sign_under(node, certificate):
    for file in node.store._directory.iterdir():
        file.unlink()
    FileKeyStore(node.home / "keys").create(AuthType.CERT, certificate)
    await node.restart()


async def trusting(node, *authorities, require_lists=False):
    for name in ("roots", "revoked"):
        (node.home / name).mkdir(exist_ok=True)
    for number, one in enumerate(authorities):
        (node.home / "roots" / f"{number}.pem").write_bytes(one.certificate)
    node.trust = CertificateTrust(node.home / "roots", node.home / "revoked", require_lists=require_lists)
    await node.restart()


def revoke(node, authority, *certificates):
    """Put the authority's new list into the node's folder."""
    key = serialization.load_pem_private_key(authority.private_key, None)
    now = datetime.datetime.fromtimestamp(node.network.clock.time / 1000, datetime.UTC)
    issuer = x509.load_pem_x509_certificate(authority.certificate).subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(now)
    builder = builder.next_update(now + datetime.timedelta(days=7))
    for certificate in certificates:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(now)
        builder = builder.add_revoked_certificate(entry.build())
    made = builder.sign(key, hashes.SHA256())
    (node.home / "revoked" / "list.crl").write_bytes(made.public_bytes(serialization.Encoding.PEM))


async def listing(one, other):
    contract_id = one.directory.usable(other.node_id).contract_id
    return await one.call(other, standard.DATASET_LIST, contract_id=contract_id)


async def test_contract_and_calls_under_a_certificate(network, certified):
    bank, operator = certified
    await network.cooperate(bank, operator)
    contract = await operator.contract()
    assert (contract.auth_type, contract.fingerprint) == ("CERT", bank.credential.fingerprint)
    await listing(bank, operator)
    await listing(operator, bank)


async def test_the_confirm_of_a_certified_node_is_looked_at_too(network, certified):
    bank, operator = certified
    await network.cooperate(operator, bank)
    await listing(operator, bank)


@pytest.mark.parametrize("wrong", ["authority not trusted", "another node's"])
async def test_mgt_3_1_an_application_under_a_certificate_that_is_not_believed_is_refused(
    network, certified, authority, wrong
):
    bank, operator = certified
    if wrong == "authority not trusted":
        await sign_under(bank, create_signing_certificate("bank", create_authority("Authority of banks")))
    else:
        await sign_under(bank, create_signing_certificate("clearing", authority))
    view = await network.apply(bank, operator)
    assert view.status == "REJECTED" and "certificate is not believed" in view.reason
    assert await operator.rows(Contract) == []


async def test_mgt_3_2_a_confirm_under_a_certificate_that_is_not_believed_is_refused(network, certified):
    bank, operator = certified
    view = await network.apply(operator, bank, fingerprint=bank.credential.fingerprint)
    (operator.home / "roots" / "0.pem").unlink()
    await bank.ask(peers_api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=operator.credential.fingerprint)
    await network.settle()
    assert (await operator.contract()).status == "APPLIED"


async def test_revocation_stops_calls_both_ways_at_once(network, certified, authority):
    bank, operator = certified
    await network.cooperate(bank, operator)
    revoke(operator, authority, bank.credential.chain[0])
    with pytest.raises(PeerRefused, match="revoked") as refusal:
        await listing(bank, operator)
    assert refusal.value.peer_code == CertificateRefused.code
    with pytest.raises(CertificateRefused, match="revoked"):
        await listing(operator, bank)
    view = await operator.contract()
    assert (view.status, view.usable) == ("APPROVED", False)
    (operator.home / "revoked" / "list.crl").unlink()
    await listing(bank, operator)


async def test_expiry_stops_calls_at_once(network, certified):
    bank, operator = certified
    await network.cooperate(bank, operator)
    network.clock.time += 396 * DAY
    await listing(bank, operator)
    network.clock.time += 2 * DAY
    with pytest.raises(PeerRefused, match="not now"):
        await listing(bank, operator)


async def test_what_a_certificate_stops_is_delivered_once_it_is_good_again(network, certified, authority):
    bank, operator = certified
    await network.cooperate(bank, operator)
    revoke(operator, authority, bank.credential.chain[0])
    await operator.ask(keys_api.NODE_CHANGE, name="Renamed")
    await network.settle()
    assert [message.state for message in await operator.messages(endpoint="node.update")] == ["WAITING"] or (
        await operator.messages(endpoint="node.update") == []
    )
    (operator.home / "revoked" / "list.crl").unlink()
    network.clock.time += 60_000
    await operator.management.rotation.step()
    await network.settle()
    assert (await bank.contract()).name == "Renamed"


async def test_where_a_list_is_demanded_its_absence_stops_calls(network, certified, authority):
    bank, operator = certified
    await network.cooperate(bank, operator)
    await trusting(operator, authority, require_lists=True)
    with pytest.raises(PeerRefused, match="revocation list"):
        await listing(bank, operator)
    revoke(operator, authority)
    await listing(bank, operator)
    network.clock.time += 8 * DAY
    with pytest.raises(PeerRefused, match="revocation list"):
        await listing(bank, operator)


async def test_mgt_3_4_a_renewed_certificate_of_the_same_key(network, certified, authority):
    bank, operator = certified
    await network.cooperate(bank, operator)
    fingerprint = bank.credential.fingerprint
    renewed = certify_key("bank", bank.credential.chain[0].public_key(), authority, days=800)
    (bank.home / "renewed.pem").write_bytes(renewed)
    await bank.ask(keys_api.KEY_CERTIFY, certificate=str(bank.home / "renewed.pem"))
    await network.settle()
    [contract] = await operator.rows(Contract)
    assert (contract.auth_credential, contract.fingerprint) == (renewed.decode(), fingerprint)
    assert contract.former_fingerprint == ""
    network.clock.time += 700 * DAY  # the first one would be over
    await listing(bank, operator)


async def test_mgt_3_4_from_one_certificate_to_another_key_s(network, certified, authority):
    bank, operator = certified
    await network.cooperate(bank, operator)
    made = create_signing_certificate("bank", authority)
    (bank.home / "new.pem").write_bytes(made.certificates)
    (bank.home / "new.key").write_bytes(made.private_key)
    await bank.ask(keys_api.KEY_ROTATE, certificate=str(bank.home / "new.pem"), private_key=str(bank.home / "new.key"))
    await network.settle()
    assert (await operator.contract()).fingerprint == bank.credential.fingerprint
    await listing(bank, operator)
    await listing(operator, bank)


async def test_mgt_3_4_a_certificate_of_another_node_is_not_even_made_one_s_own(network, certified, authority):
    bank, operator = certified
    await network.cooperate(bank, operator)
    made = create_signing_certificate("operator", authority)
    (bank.home / "new.pem").write_bytes(made.certificates)
    (bank.home / "new.key").write_bytes(made.private_key)
    before = set(bank.store.all())
    with pytest.raises(CertificateRefused, match="not of bank"):
        await bank.ask(
            keys_api.KEY_ROTATE, certificate=str(bank.home / "new.pem"), private_key=str(bank.home / "new.key")
        )
    assert set(bank.store.all()) == before
    await listing(bank, operator)


async def test_mgt_3_4_a_downgrade_from_a_certificate_needs_a_person_whatever_the_rules_allow(network, certified):
    bank, operator = certified
    await network.cooperate(bank, operator)
    operator.rules = ChangeRules(changed_auth_type="accept")
    await operator.restart()
    await bank.ask(keys_api.KEY_ROTATE, auth_type="SHA256_ECDSA")
    await network.settle()
    view = await operator.contract()
    assert (view.auth_type, view.next_fingerprint) == ("CERT", bank.credential.fingerprint)
    assert "weaker" in (await bank.ask(keys_api.KEY_LIST)).behind[0].waits_for
    await listing(bank, operator)
    fingerprint = bank.credential.fingerprint
    await operator.ask(peers_api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=fingerprint)
    network.clock.time += 60_000
    await network.settle()
    assert (await operator.contract()).auth_type == "SHA256_ECDSA"
    await listing(bank, operator)


async def test_an_expired_contract_of_a_certified_partner_says_that_it_has_expired(network, certified):
    bank, operator = certified
    await network.cooperate(bank, operator, expired_time=network.clock.time + DAY)
    network.clock.time += DAY
    with pytest.raises(ContractNotUsable, match="has expired"):
        await listing(bank, operator)
