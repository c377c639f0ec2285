"""Algorithms that two parties run together, each in a component process of its own node."""
