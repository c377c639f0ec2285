"""Tokens as text: `interconn_<public id>_<secret>`, so that one that lies about is known for what it is."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from interconn.api import own
from interconn.standard.errors import BadToken
from interconn.standard.identifiers import new_token

BOOTSTRAP = own.BOOTSTRAP
"""Id of the token that `interconn node init` makes, and name of the one person that it stands for."""

_SHAPE = re.compile(r"interconn_([a-z0-9]{1,32})_([A-Za-z0-9_\-]{43})")
_OLDER = re.compile(r"[A-Za-z0-9_\-]{43}")
_NOBODYS = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


@dataclass(frozen=True)
class Presented:
    """A token as somebody presents it."""

    token_id: str
    digest: str = field(repr=False)

    def is_that_of(self, digest: str | None) -> bool:
        """Return whether it is the token of a digest, in the same time whether or not, and whether there is one."""
        return hmac.compare_digest(self.digest.encode(), (digest or _NOBODYS).encode()) and digest is not None


def new_secret(token_id: str) -> str:
    """Return a new token: 256 bits of the operating system's behind its id."""
    return f"interconn_{token_id}_{new_token()}"


def new_token_id() -> str:
    """Return a public id for a token."""
    return secrets.token_hex(8)


def present(authorization: str) -> Presented:
    """Read an `Authorization` header.

    Raises:
        BadToken: it is none, or nothing in the shape of a token.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise BadToken(
            "a token is needed",
            where="authorization",
            hint="The node's own lies in admin.token of its home; another is given with --token-file",
        )
    return parse(text.strip())


def parse(text: str) -> Presented:
    """Read a token.

    Raises:
        BadToken: it has not the shape of one.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if found := _SHAPE.fullmatch(text):
        return Presented(found[1], digest)
    if _OLDER.fullmatch(text):  # made by `node init` before tokens had ids
        return Presented(BOOTSTRAP, digest)
    raise BadToken("this is no token of a node", where="authorization", hint="It reads interconn_…; is it whole?")
