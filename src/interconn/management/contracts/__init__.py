"""Contracts with other nodes: applying, deciding, using and ending them (MGT-3)."""
