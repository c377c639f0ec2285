"""Permits as the rest of the layer meets them: the grant side and the permit side, kept apart.

How another kind of resource takes part, a model for instance:

1. Its kind of approval returns `GrantTerms` from `approve`. The engine mints the permit, sends it with the confirm and
   renews it when the applicant repeats its application. A model that may be used in one project only says so with
   `GrantTerms(scope=AuthScope(PROJECT=[apply_project_id]))` (MGT-9.1).
2. A job that uses it names an `Access(ResourceType.MODEL, model_id, components)` among what it uses of a holder.
   The user presents (`wallet.present`), the holder checks (`ledger.accept`) and counts at admission (`ledger.use`).
"""

from __future__ import annotations

from interconn.identity.node import NodeIdentity
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.ledger import GrantLedger
from interconn.management.permits.minting import Mint
from interconn.management.permits.wallet import PermitWallet
from interconn.state.clock import Clock


class Permits:
    """Both sides of one node.

    Args:
        node: this node's name card.
        clock: time.
        contracts: a grant is void when its contract is.

    Attributes:
        mint: gives permits to partners.
        ledger: what was given, checked and counted.
        wallet: what partners gave to this node.
    """

    def __init__(self, *, node: NodeIdentity, clock: Clock, contracts: Contracts) -> None:
        self.mint = Mint(node=node, clock=clock, contracts=contracts)
        self.ledger = GrantLedger(node=node, clock=clock, contracts=contracts)
        self.wallet = PermitWallet(node_id=node.node_id, clock=clock)
