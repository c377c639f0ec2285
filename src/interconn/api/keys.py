"""This node's own keys and name card, and telling partners of a change (MGT-3.4)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from interconn.api.own import own
from interconn.standard.management import AuthType, Name, Text
from interconn.standard.wire import Empty, WireModel

Path = Annotated[str, Field(min_length=1, max_length=4096)]


class KeyRotate(WireModel):
    """Make a new signing key and tell every partner.

    `certificate` and `private_key` are files of the node's machine, for CERT; without them the node's own authority
    makes them, where it has one. `resume` makes no key: it tells those partners again that refused.
    """

    auth_type: AuthType | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    resume: bool = False


class KeyCertify(WireModel):
    """Put a renewed certificate of the same key in the place of the old one; a file of the node's machine.

    Without a file the node's own authority makes it, where it has one.
    """

    certificate: Path | None = None


class CardChange(WireModel):
    """Change what partners are told of this node; what is left out stays."""

    address: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    name: Name | None = None
    institution: Name | None = None
    description: Text | None = None


class KeyView(WireModel):
    """One of this node's keys."""

    fingerprint: str
    auth_type: str
    role: str = Field(description="current: the newest; former: for partners that do not know the newest yet")
    known_by: list[str] = Field(default=[], description="the nodes that are signed to with it")
    valid_until: int | None = Field(default=None, description="end of its certificate, epoch milliseconds")


class Told(WireModel):
    """How far a partner has been told."""

    node_id: str
    contract_id: str
    fingerprint: str = Field(description="of the key of ours that it knows")
    waits_for: str = ""


class KeyViews(WireModel):
    """This node's keys, and the partners that have not been told of the latest change."""

    keys: list[KeyView]
    behind: list[Told] = []
    changing_since: int | None = None


class SigningRequest(WireModel):
    """A certificate signing request for the key that the node signs with."""

    pem: str


KEY_LIST: Final = own("key.list", "GET", "/keys", Empty, KeyViews, "List the node's own keys and who knows them.")
KEY_ROTATE: Final = own(
    "key.rotate", "POST", "/keys/rotate", KeyRotate, KeyViews, "Make a new signing key and tell every partner."
)
KEY_CERTIFY: Final = own(
    "key.certify", "POST", "/keys/certify", KeyCertify, KeyViews, "Renew the certificate of the node's key."
)
KEY_REQUEST: Final = own(
    "key.request", "GET", "/keys/request", Empty, SigningRequest, "Make a certificate signing request."
)
NODE_CHANGE: Final = own(
    "node.change", "POST", "/node/change", CardChange, KeyViews, "Change the node's address or name and tell partners."
)

ENDPOINTS: Final = (KEY_LIST, KEY_ROTATE, KEY_CERTIFY, KEY_REQUEST, NODE_CHANGE)
