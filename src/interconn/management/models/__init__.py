"""Models of this node: registered, shared with partners, and who may use them (MGT-9)."""
