"""`interconn demo`: three institutions on this machine, a real job, the result checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App

from interconn.cli.options import Flag, example
from interconn.cli.wording import say

app = App(
    name="demo",
    help="Run the demonstration: three institutions on this machine, a real job, the result checked.",
    help_epilogue=example("demo", "demo --bank loans.csv --operator customers.csv --key id"),
)


@app.default
def demo(
    *,
    bank: Path | None = None,
    operator: Path | None = None,
    key: str = "id",
    home: Path | None = None,
    keep: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag] = False,
) -> int:
    """Run the demonstration; nothing beyond this machine is touched.

    A bank that initiates, an operator that hosts and a clearing house that schedules each get a node of their own.
    They sign contracts, publish and grant data sets, approve a project, a flow and a job, find the customers that
    both have without showing each other the rest, and each summarises its share. The exit status is 0 only if the
    result equals the join of the two files.

    Parameters
    ----------
    bank
        The bank's table (CSV), instead of the German Credit data that comes along.
    operator
        The operator's table (CSV).
    key
        The column that identifies a customer in both tables.
    home
        Directory of the network, instead of a temporary one.
    keep
        Leave the network running, and print how to look around.
    json
        Print JSON for machines.
    """
    from interconn.lab.demo import Tables, run_demo
    from interconn.standard.errors import InvalidRequest

    if (bank is None) != (operator is None):
        raise InvalidRequest(say("--bank and --operator go together"), hint="interconn demo --help")
    tables = Tables(bank, operator, key) if bank and operator else None
    return run_demo(tables, home=home, keep=keep, machine=json)
