"""What every command that speaks to a node takes: which node, and for whom the output is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from interconn.cli.instants import End
from interconn.cli.wording import say

if TYPE_CHECKING:
    from interconn.client import NodeClient

DEFAULT_HOME = Path(".interconn/node")

Flag = Parameter(negative="")
"""A switch that is either given or not."""
Several = Parameter(negative="")
"""An option that may be given several times."""


@Parameter(name="*", group="Common options")
@dataclass(frozen=True)
class Common:
    """Options of every command that speaks to a node."""

    home: Annotated[Path, Parameter(env_var="INTERCONN_HOME")] = DEFAULT_HOME
    """The node's directory; tells address and token of its admin listener."""
    url: Annotated[str | None, Parameter(env_var="INTERCONN_URL")] = None
    """Address of the admin listener, instead of the one found in the node's directory."""
    token_file: Annotated[Path | None, Parameter(env_var="INTERCONN_TOKEN_FILE")] = None
    """File that holds your token, instead of the node's own in its directory."""
    json: Annotated[bool, Flag] = False
    """Print JSON for machines."""

    @contextlib.contextmanager
    def node(self, *, patient: bool = True) -> Iterator[NodeClient]:
        """Connect to the node; raises as `client.find_node` does.

        Args:
            patient: show that it is waited for; a command that shows its own progress does not need it.
        """
        from interconn.cli.output import patience
        from interconn.client import NodeAccess, NodeClient, find_node
        from interconn.client.home import find_token, read_token
        from interconn.standard.errors import InvalidRequest

        if self.url:
            if not self.url.startswith(("http://", "https://")):
                raise InvalidRequest(
                    say("this is no address of a node"),
                    where=self.url,
                    hint=say("Write it as http://127.0.0.1:7306; 'interconn node status' shows it as admin"),
                )
            access = NodeAccess(self.url, read_token(find_token(self.home, self.token_file)))
        else:
            access = find_node(self.home, self.token_file)
        with NodeClient(access) as client, patience() if patient else contextlib.nullcontext():
            yield client


KindName = Literal["DATASET", "PROJECT", "FLOW", "JOB", "MODEL"]
"""Of an approval, and of the permit that it brings."""
StatusName = Literal["APPLIED", "APPROVED", "REJECTED", "TERMINATED"]
"""Of a contract or an approval."""

Applicant = Annotated[
    str | None, Parameter(name="--partner", help="Node whose application is meant; needed where several applied.")
]
OtherSide = Annotated[
    str | None, Parameter(name="--partner", help="Only the approval with this node; without it, those with all.")
]
Reason = Annotated[str, Parameter(help="Kept in the audit trail; the partner is not told.")]


@Parameter(name="*", group="Limits")
@dataclass(frozen=True)
class Limited:
    """Options of every command that approves or allows something."""

    expires: End = None
    """When it ends: 2026-12-31, or 30d, 12h, 45m from now; never later than was asked."""
    times_limit: int | None = None
    """How many jobs may be admitted under it; never more than was asked."""


def example(*lines: str) -> str:
    """Return the end of a command's help: how it is used."""
    return "\n".join(["Example:", *(f"  interconn {line}" for line in lines)])
