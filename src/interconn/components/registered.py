"""Which components were registered beside those that come with the node (CTL-5.8, CTL-G3.1.1.3-register)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.tables import RegisteredComponent
from interconn.standard.errors import NoLauncher
from interconn.standard.self_description import Identity, SelfDescription, identity


def registered(session: Session) -> dict[Identity, RegisteredComponent]:
    """Return every registered component, by what names it."""
    return {(one.name, one.provider, one.version): one for one in session.scalars(select(RegisteredComponent))}


def require_launchable(session: Session, descriptions: Iterable[SelfDescription]) -> None:
    """Check that this node has a way to launch some components.

    It launches those that come with it, as processes; for images it has no launcher. Where an image lies is not for
    partners to know, who may get this answer.

    Raises:
        NoLauncher: names the first that it cannot launch.
    """
    for description in descriptions:
        if session.get(RegisteredComponent, identity(description)):
            raise NoLauncher(
                f"component {' '.join(identity(description))} comes as an image, which this node cannot launch",
                where="componentName",
                clause="CTL-G3.1.1.3-register",
                hint="It can be part of flows whose other parties run it: their roles alone in its roleList",
            )
