"""What is taken out of the folder `trusted` is trusted no more, by new connections and by those that stand."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interconn.identity.certificates import Certificate, create_node_certificate
from interconn.node.settings import PartnerSection
from interconn.node.tls import PartnerTrust
from interconn.peers.connections import Connections
from interconn.peers.outbound import PeerClient
from interconn.standard.errors import ConfigurationError, PeerUnreachable
from tests.peers.partners import NOW, Partners, peer, signer_of
from tests.peers.test_peer_client import call
from tests.state.clock import VirtualClock


@pytest.fixture
def certificate() -> Certificate:
    return create_node_certificate("operator", ["127.0.0.1"])


@pytest.fixture
def trusted(tmp_path: Path, certificate: Certificate) -> Path:
    folder = tmp_path / "tls" / "trusted"
    folder.mkdir(parents=True)
    (folder / "operator.pem").write_bytes(certificate.certificate)
    return folder


@pytest.fixture
def trust(tmp_path: Path, trusted: Path) -> PartnerTrust:
    return PartnerTrust(tmp_path, PartnerSection())


class Partner:
    """A server of TLS that answers every request, or none, and counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.ended = asyncio.Event()
        self.asked = asyncio.Event()
        self.answering = True
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked.set()
                if self.answering:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            self.ended.set()
        finally:
            writer.close()


@pytest.fixture
async def partner(tmp_path: Path, certificate: Certificate) -> AsyncIterator[Partner]:
    (tmp_path / "served.pem").write_bytes(certificate.certificate + certificate.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "served.pem")
    made = Partner()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
async def connections(trust: PartnerTrust) -> AsyncIterator[Connections]:
    made = Connections(trust.present, unasked=())
    yield made
    await made.close()


async def ask(connections: Connections, url: str) -> str:
    async with (await connections.session()).get(url) as response:
        return await response.text()


async def test_a_connection_to_a_partner_that_is_trusted_no_more_is_not_used_again(
    trust: PartnerTrust, trusted: Path, connections: Connections, partner: Partner
) -> None:
    assert [await ask(connections, partner.url) for _ in range(3)] == ["ok"] * 3
    assert partner.connections == 1  # kept: what follows is about the one that stands, too
    (trusted / "operator.pem").unlink()
    trust.refresh()
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(connections, partner.url)


async def test_the_node_ends_connections_that_stand_by_itself(
    trust: PartnerTrust, trusted: Path, connections: Connections, partner: Partner
) -> None:
    clock = VirtualClock(NOW)
    await ask(connections, partner.url)
    keeping = asyncio.create_task(trust.keep(clock, connections.renew))
    (trusted / "operator.pem").unlink()
    await partner.ended.wait()
    keeping.cancel()


async def test_a_request_under_way_to_a_partner_that_is_trusted_no_more_ends_as_if_the_partner_went_away(
    trust: PartnerTrust, trusted: Path, partner: Partner
) -> None:
    partner.answering = False
    client = PeerClient(
        node_id="node-a",
        signer=signer_of("node-a"),
        directory=Partners({"node-b": peer("node-b", partner.url)}),
        clock=VirtualClock(NOW),
        tls=trust.present,
    )
    under_way = asyncio.create_task(call(client))
    await partner.asked.wait()
    (trusted / "operator.pem").unlink()
    trust.refresh()
    await client.renew_connections()
    with pytest.raises(PeerUnreachable):
        await under_way
    with pytest.raises(PeerUnreachable, match="not trusted"):
        await call(client)
    await client.close()


async def test_a_certificate_that_another_took_the_place_of_is_trusted_no_more(
    trust: PartnerTrust, trusted: Path, connections: Connections, partner: Partner
) -> None:
    await ask(connections, partner.url)
    (trusted / "operator.pem").write_bytes(create_node_certificate("operator", ["127.0.0.1"]).certificate)
    assert trust.refresh() == ["operator.pem"]
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(connections, partner.url)


async def test_one_more_authority_ends_no_connection(
    trust: PartnerTrust, trusted: Path, connections: Connections, partner: Partner
) -> None:
    await ask(connections, partner.url)
    (trusted / "fund.pem").write_bytes(create_node_certificate("fund", ["fund"]).certificate)
    assert trust.refresh() == ["fund.pem"]
    await ask(connections, partner.url)
    assert partner.connections == 1


async def test_a_file_that_is_no_certificate_keeps_none_in_trust_and_none_out(
    trust: PartnerTrust, trusted: Path, connections: Connections, partner: Partner
) -> None:
    (trusted / "a-bad.pem").write_text("no certificate")
    (trusted / "operator.pem").rename(trusted / "z-operator.pem")
    with pytest.raises(ConfigurationError, match="no PEM certificate"):
        trust.refresh()
    assert await ask(connections, partner.url) == "ok"
    assert trust.refresh() == []  # said once
    (trusted / "z-operator.pem").unlink()
    trust.refresh()
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(connections, partner.url)


def test_a_folder_that_is_gone_trusts_nobody(trust: PartnerTrust, trusted: Path) -> None:
    (trusted / "operator.pem").unlink()
    trusted.rmdir()
    trust.refresh()
    assert trust.context.get_ca_certs() == []
    assert trust.context.cert_store_stats()["x509"] == 0
