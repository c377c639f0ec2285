"""What a node is called (MGT-G2.1.1.1-node)."""

from __future__ import annotations

from dataclasses import dataclass

from interconn.standard.management import NodeInformation


@dataclass
class NodeIdentity:
    """A node's own name card. Name, institution, address and description may change while it runs (MGT-3.4).

    Attributes:
        node_id: unique id of the node.
        inst_id: id of its institution.
        institution: name of the institution.
        name: name of the node.
        address: base URL of its partner listener, as partners reach it.
        system: software it runs.
        system_version: version of that software.
        description: free text.
    """

    node_id: str
    inst_id: str
    institution: str
    name: str
    address: str
    system: str
    system_version: str
    description: str = ""

    def information(self) -> NodeInformation:
        """Return the name card as the standard sends it (MGT-3.6)."""
        return NodeInformation(
            address=self.address,
            description=self.description or None,
            inst_id=self.inst_id,
            institution=self.institution,
            name=self.name,
            node_id=self.node_id,
            system=self.system,
            system_version=self.system_version,
        )
