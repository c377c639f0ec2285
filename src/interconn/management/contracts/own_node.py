"""This node's own keys and name card as calls of its people (MGT-3.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from sqlalchemy.orm import Session

from interconn.api import keys as api
from interconn.api.own import OwnService, Person
from interconn.identity.certificates import Certificate, certify_key, create_signing_certificate
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import Certified
from interconn.identity.node import NodeIdentity
from interconn.identity.trust import until
from interconn.management.causes import Cause
from interconn.management.contracts.addresses import base_url
from interconn.management.contracts.rotation import Rotation
from interconn.standard.errors import InvalidRequest, Refused
from interconn.standard.management import AuthType
from interconn.standard.wire import Empty
from interconn.state.database import Database

LARGEST_FILE: Final = 1024 * 1024

SaveCard = Callable[[Mapping[str, str]], None]
"""Keeps changed members of the name card in the node's configuration."""


class OwnNode:
    """Serves what this node's people ask about its own keys and card.

    Args:
        node: this node's name card.
        database: where contracts are.
        keys: this node's keys.
        rotation: changes them and tells partners.
        save_card: keeps changed members of the name card in the configuration.
        authority: file of the authority that the node made for itself, its key beside it; it need not exist.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        keys: KeyRing,
        rotation: Rotation,
        save_card: SaveCard,
        authority: Path,
    ) -> None:
        self._node = node
        self._database = database
        self._keys = keys
        self._rotation = rotation
        self._save_card = save_card
        self._authority = authority
        self._one_at_a_time = asyncio.Lock()

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.KEY_LIST, self._list),
            OwnService(api.KEY_ROTATE, self._rotate),
            OwnService(api.KEY_CERTIFY, self._certify),
            OwnService(api.KEY_REQUEST, self._request),
            OwnService(api.NODE_CHANGE, self._change),
        ]

    async def _list(self, _person: Person, _request: Empty) -> api.KeyViews:
        return await self._database.read(self.view)

    async def _rotate(self, person: Person, request: api.KeyRotate) -> api.KeyViews:
        async with self._one_at_a_time:
            if request.resume:
                await self._rotation.resume(Cause.person(person))
            else:
                auth_type = request.auth_type or self._keys.newest.credential.auth_type
                certified = self._certified(request) if auth_type is AuthType.CERT else None
                await self._rotation.rotate(Cause.person(person), auth_type, certified)
        return await self._database.read(self.view)

    async def _certify(self, person: Person, request: api.KeyCertify) -> api.KeyViews:
        async with self._one_at_a_time:
            if request.certificate:
                certificates = _text(request.certificate)
            else:
                certificates = certify_key(self._node.node_id, self._public_key(), self._own_authority()).decode()
            await self._rotation.certify(certificates, Cause.person(person))
        return await self._database.read(self.view)

    async def _request(self, _person: Person, _request: Empty) -> api.SigningRequest:
        return api.SigningRequest(pem=self._keys.request(self._node.node_id).decode())

    async def _change(self, person: Person, request: api.CardChange) -> api.KeyViews:
        members = {name: value for name, value in request.to_wire().items() if value is not None}
        if "address" in members:
            members["address"] = base_url(members["address"])
        async with self._one_at_a_time:
            self._save_card(members)
            for name, value in members.items():
                setattr(self._node, name, value)
            await self._rotation.card_changed(Cause.person(person), members)
        return await self._database.read(self.view)

    def view(self, session: Session) -> api.KeyViews:
        """Return the keys as a person sees them."""
        newest = self._keys.newest.credential
        under_way = self._rotation.under_way(session)
        # One that nobody knows is what an interrupted rotation left; the next rotation sweeps it away.
        known = [other for other in self._keys.others() if self._rotation.knowing(session, other)]
        credentials = [newest, *(self._keys.find(other).credential for other in known)]
        return api.KeyViews(
            keys=[
                api.KeyView(
                    fingerprint=credential.fingerprint,
                    auth_type=credential.auth_type.value,
                    role="current" if credential is newest else "former",
                    known_by=self._rotation.knowing(session, credential.fingerprint),
                    valid_until=until(credential) if credential.chain else None,
                )
                for credential in credentials
            ],
            behind=[
                api.Told(
                    node_id=contract.node_id,
                    contract_id=contract.contract_id,
                    fingerprint=contract.own_fingerprint,
                    waits_for=self._rotation.waits_for(session, contract),
                )
                for contract in self._rotation.behind(session)
            ],
            changing_since=under_way.started_at if under_way else None,
        )

    def _certified(self, request: api.KeyRotate) -> Certified:
        if request.certificate and request.private_key:
            return Certified(_text(request.private_key).encode(), _text(request.certificate).encode())
        if request.certificate or request.private_key:
            raise InvalidRequest("a certificate and its private key go together", where="certificate")
        return create_signing_certificate(self._node.node_id, self._own_authority())

    def _own_authority(self) -> Certificate:
        try:
            return Certificate(self._authority.read_bytes(), self._authority.with_suffix(".key").read_bytes())
        except OSError:
            raise Refused(
                "this node has no authority of its own",
                where="certificate",
                hint="Name the files that the institution's authority made: --certificate and --private-key",
            ) from None

    def _public_key(self) -> CertificatePublicKeyTypes:
        credential = self._keys.newest.credential
        if not credential.chain:
            raise InvalidRequest(
                f"this node signs with {credential.auth_type}, which has no certificate", where="auth_type",
                hint="Change to one with a new key: interconn node rotate-key --auth-type CERT",
            )  # fmt: skip
        return credential.chain[0].public_key()


def _text(path: str) -> str:
    """Read a file that a person of this node names.

    Raises:
        InvalidRequest: it cannot be read, or is no text.
    """
    try:
        content = Path(path).read_bytes()
        if len(content) > LARGEST_FILE:
            raise ValueError("too large")
        return content.decode("ascii")
    except (OSError, ValueError) as error:
        shown = "".join(letter if letter.isprintable() else "?" for letter in path[:200])
        raise InvalidRequest(f"the file cannot be read as PEM: {type(error).__name__}", where=shown) from None
