"""Composition of a node: configuration, wiring, listeners and life cycle."""
