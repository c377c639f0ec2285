"""The node's own API as types: what its people and systems ask of it through the admin listener.

The same rows serve the server, the Python client and the OpenAPI document. Nothing here does I/O.
"""
