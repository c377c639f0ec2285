"""Calls between nodes: what goes out is signed, what comes in is proven, and answers are signed both ways."""
