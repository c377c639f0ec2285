"""Whether this node runs some components at present (MGT-6.2, CTL-G3.1.1.3-register)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from interconn.components.disabled import require_enabled
from interconn.components.registered import require_launchable
from interconn.standard.self_description import SelfDescription


def require_runnable(session: Session, descriptions: Sequence[SelfDescription]) -> None:
    """Check that this node can launch some components, and has disabled none of them.

    Raises:
        ComponentDisabled: names the first that is disabled.
        NoLauncher: names the first that it cannot launch.
    """
    require_enabled(session, descriptions)
    require_launchable(session, descriptions)
