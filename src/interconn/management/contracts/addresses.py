"""The address of a partner's node as a person or an application gives it (MGT-3.1)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from interconn.standard.errors import InvalidRequest

# Labels of a name have 1 to 63 characters, or it cannot be looked up at all (RFC 1035 2.3.4).
_HOST = re.compile(r"^(?=.{1,254}$)[A-Za-z0-9_\-]{1,63}(\.[A-Za-z0-9_\-]{1,63})*\.?$|^(?=.*:)[0-9A-Fa-f:.]{2,45}$")
_PATH = re.compile(r"^(/[A-Za-z0-9._~%\-]+)*$")


def base_url(address: str) -> str:
    """Return the base URL of an address: an http or https URL, or host:port, which means https.

    Nothing is resolved or contacted.

    Raises:
        InvalidRequest: it is neither, or carries a user, a query or a fragment.
    """
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unusable("it is no URL") from None
    if parts.scheme not in ("http", "https"):
        raise _unusable("only http and https are spoken")
    if parts.username is not None or parts.password is not None or "?" in text or "#" in text:
        raise _unusable("it must not hold a user, a query or a fragment")
    path = parts.path.rstrip("/")
    if not _HOST.match(host) or port == 0 or not _PATH.match(path):
        raise _unusable("host, port or path is malformed")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port is not None else ''}{path}"


def _unusable(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"the address is not usable: {why}",
        where="address",
        clause="MGT-3.1",
        hint="Write https://host:port or host:port",
    )
