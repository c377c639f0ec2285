"""Making the nodes of a lab: one authority for all, and for each a home, keys, a certificate and ports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interconn.identity.certificates import Certificate, create_authority, create_node_certificate
from interconn.identity.key_files import write_private
from interconn.lab.ports import HOST
from interconn.lab.record import Member, NodeRecord
from interconn.node.settings import AdminSection, ComponentSection, InitialSettings, NodeSection, PartnerSection
from interconn.node.setup import initialise

_HOSTS = [HOST, "localhost"]


class Workshop:
    """Makes nodes that trust one authority.

    Args:
        directory: of the lab.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folder = directory / "authority"
        self._folder.mkdir(mode=0o700)
        self._authority = create_authority("interconn lab")
        self._trusted = self._folder / "lab.pem"
        self._trusted.write_bytes(self._authority.certificate)

    def make(self, member: Member, ports: Sequence[int]) -> NodeRecord:
        """Make a node, not yet started.

        Args:
            member: who it is.
            ports: of its partner, component and admin listener.
        """
        partner, component, admin = ports
        home = self._directory / member.node_id
        certificate, private_key = self._issue(member.node_id)
        initialise(
            InitialSettings(
                home=home,
                node=NodeSection(
                    node_id=member.node_id,
                    inst_id=member.inst_id,
                    institution=member.institution,
                    name=member.node_id,
                    description="a node of a lab",
                ),
                partner=PartnerSection(host=HOST, port=partner, address=f"https://{HOST}:{partner}"),
                component=ComponentSection(host=HOST, port=component),
                admin=AdminSection(host=HOST, port=admin),
                auth_type=member.auth_type,
                hosts=_HOSTS,
                certificate=certificate,
                private_key=private_key,
                trusted=[self._trusted],
            )
        )
        return NodeRecord(
            node_id=member.node_id,
            inst_id=member.inst_id,
            partner_url=f"https://{HOST}:{partner}",
            component_url=f"http://{HOST}:{component}",
            admin_url=f"http://{HOST}:{admin}",
            home=str(home),
            pid=0,
        )

    def _issue(self, node_id: str) -> tuple[Path, Path]:
        issued: Certificate = create_node_certificate(node_id, _HOSTS, self._authority)
        certificate, private_key = self._folder / f"{node_id}.pem", self._folder / f"{node_id}.key"
        certificate.write_bytes(issued.certificate)
        write_private(private_key, issued.private_key)
        return certificate, private_key
