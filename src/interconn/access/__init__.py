"""Who may ask this node what: its people, their roles and tokens, and the bounds on how often anybody asks.

The admin listener admits through `Door`; what the roles mean stands in `interconn.api.rules`.
"""

from interconn.access.access import Access
from interconn.access.browsers import guarded
from interconn.access.policy import Policy

__all__ = ["Access", "Policy", "guarded"]
