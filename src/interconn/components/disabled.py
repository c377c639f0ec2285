"""Which components this node has disabled: it can run them, and does not (MGT-6.2)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.tables import DisabledComponent
from interconn.standard.errors import ComponentDisabled
from interconn.standard.self_description import Identity, SelfDescription, identity


def disabled(session: Session) -> dict[Identity, DisabledComponent]:
    """Return every component that is disabled here, by what names it."""
    return {(one.name, one.provider, one.version): one for one in session.scalars(select(DisabledComponent))}


def require_enabled(session: Session, descriptions: Iterable[SelfDescription]) -> None:
    """Check that this node runs some components at present.

    Raises:
        ComponentDisabled: names the first that it does not run. Why it was disabled is not for partners to know.
    """
    off = disabled(session)
    for description in descriptions if off else ():
        if identity(description) in off:
            raise ComponentDisabled(
                f"component {' '.join(identity(description))} is disabled here",
                where="componentName",
                clause="MGT-6.2",
                hint="A person of this node enables it again: interconn component enable",
            )
