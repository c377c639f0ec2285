"""The node's own keys and name card: what `interconn node …` shows and changes of them (MGT-3.4)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from interconn.cli.options import Common, Flag
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.keys import KeyViews

SignatureType = Literal["SHA256_ECDSA", "SHA256_RSA", "CERT", "SM3_SM2", "SHA256_RSA_PSS"]


def keys(*, common: Common = Common()) -> None:
    """List the node's signing keys, which partners know them, and who has not been told of the latest change."""
    with common.node() as node:
        found = node.keys.list()
    _show(found, common)


def rotate_key(
    *,
    auth_type: SignatureType | None = None,
    certificate: Path | None = None,
    private_key: Path | None = None,
    resume: Annotated[bool, Flag] = False,
    common: Common = Common(),
) -> None:
    """Make a new signing key and tell every partner of it (MGT-3.4); nothing stops meanwhile.

    A partner that has acknowledged the new key is signed to with it, the others with the old one, which is erased
    when nobody needs it any more.

    Parameters
    ----------
    auth_type
        How the new key signs; as the present one if not given. Partners refuse another unless they allow it.
    certificate
        With CERT: the new key's certificate (PEM), a file of the node's machine. Without it the node's own authority
        makes one, where it has one.
    private_key
        Private key of that certificate (PEM).
    resume
        Make no key; tell those partners again that refused to be told.
    """
    from interconn.standard.management import AuthType

    with common.node() as node:
        if resume:
            found = node.keys.resume()
        else:
            found = node.keys.rotate(
                auth_type=AuthType(auth_type) if auth_type else None,
                certificate=str(certificate.absolute()) if certificate else None,
                private_key=str(private_key.absolute()) if private_key else None,
            )
    _show(found, common)


def update(
    *,
    address: str | None = None,
    name: str | None = None,
    institution: str | None = None,
    description: str | None = None,
    common: Common = Common(),
) -> None:
    """Change the node's address or name, in its configuration and at every partner (MGT-3.4).

    The same follows from changing node.toml and starting the node anew.

    Parameters
    ----------
    address
        URL under which partners reach the node from now on.
    name
        Name of the node.
    institution
        Name of the institution.
    description
        What partners are told about the node.
    """
    with common.node() as node:
        found = node.node.change(address=address, name=name, institution=institution, description=description)
    _show(found, common)


def certificate(file: Path | None = None, *, common: Common = Common()) -> None:
    """Put a renewed certificate of the same key in the place of the old one, and tell every partner.

    Parameters
    ----------
    file
        The certificate, then those of intermediate authorities (PEM), a file of the node's machine. Without it the
        node's own authority makes it, where it has one.
    """
    with common.node() as node:
        found = node.keys.certify(str(file.absolute()) if file else None)
    _show(found, common)


def signing_request(*, common: Common = Common()) -> None:
    """Print a certificate signing request for the node's key, for the institution's authority."""
    from interconn.cli.output import print_reply

    with common.node() as node:
        found = node.keys.request()
    if common.json:
        print_reply(found)
    else:
        print(found.pem, end="")


def _show(found: KeyViews, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply, print_table, short

    if common.json:
        print_reply(found)
        return
    for number, key in enumerate(found.keys):
        if number:
            print()
        # A fingerprint is read out and copied, so it stands whole on a line of its own.
        print_card(
            key.fingerprint,
            [
                (say("signs with"), key.auth_type),
                (say("role"), key.role),
                (say("known by"), key.known_by),
                (say("certificate until"), instant(key.valid_until)),
            ],
        )
    if found.behind:
        print()
        print_table(
            [say("not told yet"), say("contract"), say("knows the key"), say("waits for")],
            [[one.node_id, one.contract_id, short(one.fingerprint), one.waits_for] for one in found.behind],
            empty="",
        )
