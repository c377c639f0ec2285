"""`interconn lab …`: networks of nodes on this machine, for trying out and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from interconn.cli.options import Flag, example
from interconn.cli.wording import say

app = App(name="lab", help="Networks of nodes on this machine.", help_epilogue=example("lab up --nodes 3", "lab down"))

LabHome = Annotated[Path, Parameter(env_var="INTERCONN_LAB")]
DEFAULT_LAB = Path(".interconn/lab")


@app.command(help_epilogue=example("lab up --nodes 3", "lab up --nodes 2 --home ./lab --json"))
def up(*, nodes: int = 3, home: LabHome = DEFAULT_LAB, json: Annotated[bool, Flag] = False) -> None:
    """Make and start nodes with contracts among all of them; they go on when the command has ended.

    Parameters
    ----------
    nodes
        How many.
    home
        Directory of the network; must not hold one already.
    json
        Print JSON for machines: a list with the addresses, home and admin token of each node.
    """
    from interconn.cli.output import patience, print_json, print_next, print_table
    from interconn.lab import Lab

    with patience(say("making nodes and contracts")):
        lab = Lab.create(home, nodes)
    if json:
        print_json([node.to_json() for node in lab.nodes])
        return
    print_table(
        [say("node"), say("partners"), say("components"), say("people"), say("home")],
        [[n.node_id, n.partner_url, n.component_url, n.admin_url, n.home] for n in lab.nodes],
        empty=say("no nodes"),
    )
    print_next(f"interconn node status --home {lab.nodes[0].home}")
    print_next(f"interconn lab down --home {home}")


@app.command(help_epilogue=example("lab status"))
def status(*, home: LabHome = DEFAULT_LAB, json: Annotated[bool, Flag] = False) -> int:
    """Show whether the nodes run; the exit status is 0 only if all do.

    Parameters
    ----------
    home
        Directory of the network.
    json
        Print JSON for machines.
    """
    from interconn.cli.output import print_json, print_table
    from interconn.lab import Lab

    states = Lab.open(home).status()
    if json:
        print_json([state.to_json() for state in states])
    else:
        print_table(
            [say("node"), say("process"), say("state"), say("contracts"), say("people")],
            [[s.node_id, s.pid, s.state, s.contracts, s.admin_url] for s in states],
            empty=say("no nodes"),
        )
    return 0 if all(state.ready for state in states) else 1


@app.command(help_epilogue=example("lab session --nodes node-1,node-2 --json"))
def session(
    *,
    nodes: str,
    session_id: Annotated[str | None, Parameter(name="--id")] = None,
    home: LabHome = DEFAULT_LAB,
    json: Annotated[bool, Flag] = False,
) -> None:
    """Open a transport session by hand on each node named.

    Parameters
    ----------
    nodes
        Ids of the nodes, separated by commas.
    session_id
        Id of the session, instead of a fresh one.
    home
        Directory of the network.
    json
        Print JSON for machines: session_id, and tokens by node id.
    """
    from interconn.cli.output import print_card, print_json
    from interconn.lab import Lab

    named = [name for part in nodes.split(",") if (name := part.strip())]
    opened = Lab.open(home).open_session(named, session_id)
    if json:
        print_json(opened.to_json())
        return
    print_card(say("session {session_id}", session_id=opened.session_id), list(opened.tokens.items()))


@app.command(help_epilogue=example("lab down", "lab down --keep"))
def down(
    *, home: LabHome = DEFAULT_LAB, keep: Annotated[bool, Flag] = False, json: Annotated[bool, Flag] = False
) -> None:
    """Stop the nodes and remove the network.

    Parameters
    ----------
    home
        Directory of the network.
    keep
        Leave homes, databases and logs where they are.
    json
        Print JSON for machines.
    """
    from interconn.cli.output import patience, print_json
    from interconn.lab import Lab

    with patience(say("stopping nodes")):
        stopped = Lab.open(home).down(keep=keep)
    if json:
        print_json({"stopped": stopped, "kept": keep})
        return
    print(say("stopped: {nodes}", nodes=", ".join(stopped) or say("none was running")))
    print(say("kept in {home}", home=home) if keep else say("removed {home}", home=home))
