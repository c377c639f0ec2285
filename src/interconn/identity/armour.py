"""PEM of one object, strictly, for the keys that `cryptography` does not read."""

from __future__ import annotations

import base64
import re


def write(label: str, der: bytes) -> str:
    """Return DER as PEM under a label such as `PUBLIC KEY`."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def read(label: str, pem: str) -> bytes:
    """Return the DER of the one object in a PEM text.

    Raises:
        ValueError: it holds another kind of object, several or none, or no Base64.
    """
    found = re.fullmatch(rf"\s*-----BEGIN {label}-----\s([A-Za-z0-9+/=\s]+)-----END {label}-----\s*", pem)
    if not found:
        raise ValueError(f"it is no PEM of one {label}")
    return base64.b64decode("".join(found[1].split()), validate=True)
