"""Runs a component on this machine as nodes would, one process a party, with simulated nodes between them.

What a component sees is real: the standard's environment, storage, callback, exit status, and the transport of the
component listener. What is not there is a partner: no contract, approval, signature or network between the nodes.
"""

from interconn.lab.rehearsal.cast import Role, read_cast
from interconn.lab.rehearsal.rehearsal import Performance, Rehearsal

__all__ = ["Performance", "Rehearsal", "Role", "read_cast"]
