"""Data sets of this node, what partners learn of them, and who may use them (MGT-4)."""
