"""`interconn peer …`: partners and the contracts with them (MGT-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App

from interconn.cli.instants import End
from interconn.cli.options import Common, Flag, StatusName, example
from interconn.cli.pages import Pages
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.api.peers import ContractView
    from interconn.client import NodeClient

app = App(name="peer", help="Partners and the contracts with them.", help_epilogue=example("peer list"))


@app.command(help_epilogue=example("peer apply https://node.operator.example:7304 --node-id operator"))
def apply(
    address: str,
    *,
    node_id: str,
    fingerprint: str | None = None,
    expires: End = None,
    description: str | None = None,
    common: Common = Common(),
) -> None:
    """Apply for cooperation with the node at an address (MGT-3.1).

    Parameters
    ----------
    address
        URL of the partner's node.
    node_id
        Id of the partner's node.
    fingerprint
        Fingerprint of the partner's key, received by telephone or in person. It can be given later with
        'peer approve'; until then the contract is not used.
    expires
        When the contract ends: 2026-12-31, or 30d, 12h, 45m from now.
    description
        What the partner is told about the application.
    """
    with common.node() as node:
        contract = node.peers.apply(
            address, node_id, fingerprint=fingerprint, expired_time=expires, description=description
        )
    _show(contract, common)


@app.command(help_epilogue=example("peer approve bank --fingerprint 9b71d224bd62f378… --expires 365d"))
def approve(
    partner: str,
    *,
    fingerprint: str,
    expires: End = None,
    accept_unproven: Annotated[bool, Flag] = False,
    common: Common = Common(),
) -> None:
    """Approve a partner's application, or compare the key of a partner that approved ours (MGT-3.2).

    Parameters
    ----------
    partner
        Id of the partner's node, or of the contract.
    fingerprint
        Fingerprint of the partner's key, received by telephone or in person; never copied from 'peer list'.
    expires
        When the contract ends: 2026-12-31, or 30d, 12h, 45m from now.
    accept_unproven
        Approve although the partner did not prove that it holds the key it sent.
    """
    with common.node() as node:
        contract_id = _contract(node, partner)
        contract = node.peers.approve(contract_id, fingerprint, expired_time=expires, accept_unproven=accept_unproven)
    _show(contract, common)


@app.command(help_epilogue=example("peer reject bank"))
def reject(partner: str, *, common: Common = Common()) -> None:
    """Reject a partner's application (MGT-3.2).

    Parameters
    ----------
    partner
        Id of the partner's node, or of the contract.
    """
    with common.node() as node:
        contract = node.peers.reject(_contract(node, partner))
    _show(contract, common)


@app.command(name="set", help_epilogue=example("peer set alice --without-management-plane"))
def set_(
    partner: str,
    *,
    without_management_plane: Annotated[bool, Flag] = False,
    with_management_plane: Annotated[bool, Flag] = False,
    common: Common = Common(),
) -> None:
    """Declare something of a partner that no call of the standard tells. It holds for the contract in force.

    Parameters
    ----------
    partner
        Id of the partner's node.
    without_management_plane
        It can ask for no approval; it may do what 'preauthorisation add' allows, and nothing else.
    with_management_plane
        It asks for approvals, as every partner is taken to do; what was pre-authorised does not apply.
    """
    from interconn.standard.errors import InvalidRequest

    if without_management_plane == with_management_plane:
        raise InvalidRequest(
            say("say one of the two"), where=partner, hint="--without-management-plane, --with-management-plane"
        )
    with common.node() as node:
        contract = node.peers.set(partner, management_plane=with_management_plane)
    _show(contract, common)


@app.command(help_epilogue=example("peer terminate operator"))
def terminate(partner: str, *, common: Common = Common()) -> None:
    """End a contract (MGT-3.3). Nothing runs under it afterwards.

    An application of this node's own that the partner has not answered is withdrawn by it.

    Parameters
    ----------
    partner
        Id of the partner's node, or of the contract.
    """
    with common.node() as node:
        contract = node.peers.terminate(_contract(node, partner))
    _show(contract, common)


@app.command(name="list", help_epilogue=example("peer list"))
def list_(
    *,
    partner: str | None = None,
    status: StatusName | None = None,
    pages: Pages = Pages(),
    common: Common = Common(),
) -> None:
    """List partners: how each contract stands and whom it waits for.

    Parameters
    ----------
    partner
        Only the contracts with this node.
    status
        Only those in this state.
    """
    from interconn.cli.output import instant
    from interconn.standard.management import AuditStatus

    wanted = AuditStatus(status) if status else None
    with common.node() as node:
        found = pages.read(
            lambda page, size: node.peers.list(page=page, size=size, node_id=partner, status=wanted), "contracts"
        )
    pages.show(
        found,
        [
            say("partner"),
            say("institution"),
            say("contract"),
            say("status"),
            say("usable"),
            say("expires"),
            say("waits for"),
            say("reason"),
            say("last heard"),
            say("last called"),
        ],
        [
            [
                c.node_id,
                c.institution,
                c.contract_id,
                c.status,
                c.usable,
                instant(c.expired_time),
                c.waits_for,
                c.reason,
                instant(c.heard.at) if c.heard else "",
                f"{instant(c.spoken.at)} {c.spoken.outcome}" if c.spoken else "",
            ]
            for c in found.contracts
        ],
        empty=say("no partners yet; apply for cooperation with 'interconn peer apply'"),
        json=common.json,
    )


@app.command(help_epilogue=example("peer show operator"))
def show(partner: str, *, common: Common = Common()) -> None:
    """Ask a partner about itself, its health and the contract (MGT-3.5, MGT-3.6, MGT-3.7).

    Parameters
    ----------
    partner
        Id of the partner's node.
    """
    from interconn.cli.contacts import contact
    from interconn.cli.output import instant, print_card, print_reply

    with common.node() as node:
        found = node.peers.ask(partner)
    if common.json:
        print_reply(found)
        return
    its = found.node
    print_card(
        f"{its.node_id} ({its.institution})",
        [
            (say("health"), found.health),
            (say("name"), its.name),
            (say("address"), its.address),
            (say("system"), f"{its.system} {its.system_version}"),
            (say("description"), its.description),
            (say("contract"), found.contract_id),
            (say("contract status there"), found.contract_status),
            (say("usable"), found.usable),
            (say("waits for"), found.waits_for),
            (say("expires"), instant(found.expired_time) or say("never")),
            (say("its key"), found.fingerprint),
            (say("its former key"), _until(found.former_fingerprint, found.former_until)),
            (say("its next key, to be compared"), found.next_fingerprint),
            (say("our key there"), found.own_fingerprint),
            (say("last heard before"), contact(found.heard)),
            (say("last called before"), contact(found.spoken)),
        ],
    )


def _contract(node: NodeClient, partner: str) -> str:
    """Return the id of the one contract with a partner that is not over; what is no partner's id is a contract's.

    One that has expired is meant only where there is no other: whoever renews a contract means the new one.

    Raises:
        Refused: there are several.
    """
    from interconn.standard.errors import Refused

    not_over = [one for one in node.peers.list(node_id=partner).contracts if one.status in ("APPLIED", "APPROVED")]
    alive = [one for one in not_over if one.usable or one.waits_for]
    found = [one.contract_id for one in alive or not_over]
    if len(found) > 1:
        raise Refused(
            say("there are several contracts with it: {contracts}", contracts=", ".join(found)),
            where=partner,
            hint=say("Name the contract instead"),
        )
    return found[0] if found else partner


def _until(fingerprint: str, until: int | None) -> str:
    from interconn.cli.output import instant

    return (
        say("{fingerprint}, accepted until {until}", fingerprint=fingerprint, until=instant(until))
        if fingerprint
        else ""
    )


def _show(contract: ContractView, common: Common) -> None:
    from interconn.cli.output import instant, print_card, print_reply

    if common.json:
        print_reply(contract)
        return
    print_card(
        say("contract {contract_id} with {node_id}", contract_id=contract.contract_id, node_id=contract.node_id),
        [
            (say("status"), contract.status),
            (say("usable"), contract.usable),
            (say("waits for"), contract.waits_for),
            (say("reason"), contract.reason),
            (say("institution"), contract.institution),
            (say("address"), contract.address),
            (say("key proven"), contract.key_proven),
            (say("key compared"), contract.key_compared),
            (say("expires"), instant(contract.expired_time) or say("never")),
            (say("management plane"), contract.management_plane),
        ],
    )
