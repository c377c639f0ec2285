"""Benchmarks: figures, never judgements. `make bench` prints them all as one JSON object."""
