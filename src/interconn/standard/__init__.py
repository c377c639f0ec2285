"""The standard as types and data: ids, enumerations, error codes, headers, envelopes and wire models.

No I/O happens here and nothing of ours is imported from here downwards.
"""
