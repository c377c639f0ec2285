"""Networks of nodes on one machine: for trying out, for the demonstration, for tests and faults.

Each node is an operating-system process with a home, keys, database and ports of its own; everything between
them goes over their public interfaces.
"""

from interconn.lab.network import Lab
from interconn.lab.record import Member, NodeRecord

__all__ = ["Lab", "Member", "NodeRecord"]
