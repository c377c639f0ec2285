"""`interconn demo`: three institutions on this machine, a real job, the result checked."""

from __future__ import annotations

import sys
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
    operator_key: str = "",
    minimum_rows: int = 10,
    home: Path = Path(".interconn/demo"),
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
    operator_key
        The same in the operator's table, if it has another name there.
    minimum_rows
        An intersection with fewer rows is not summarised, as numbers over few rows tell of single persons.
    home
        Where the results, and a network that is kept, lie.
    keep
        Leave the network running, and print how to look around.
    json
        Print JSON for machines.
    """
    from interconn.cli.demo_view import open_stage, print_report, print_tour
    from interconn.cli.output import print_json, print_next
    from interconn.lab.demo import Demonstration, Failed, Tables, perform
    from interconn.standard.errors import DataError, InvalidRequest, Refused

    if (bank is None) != (operator is None):
        raise InvalidRequest(say("--bank and --operator go together"), hint="interconn demo --help")
    demonstration = Demonstration(
        tables=Tables(bank, operator, key, operator_key) if bank and operator else None,
        home=home,
        keep=keep,
        minimum_rows=minimum_rows,
    )
    try:
        with open_stage(silent=json) as stage:
            report = perform(demonstration, stage)
    except KeyboardInterrupt:
        if keep and (demonstration.network / "lab.json").exists():
            print_tour(demonstration.network, file=sys.stderr)
        raise
    except Failed as failure:
        if not isinstance(failure.cause, InvalidRequest | DataError | Refused):  # those are no fault of a node
            print(say("the last words of the nodes:"), failure.last_words, sep="\n", file=sys.stderr)
        if keep:
            print_tour(demonstration.network, file=sys.stderr)
        raise failure.cause from None
    if json:
        print_json({**report.to_json(), "network": str(demonstration.network) if keep else None})
    else:
        print_report(report)
        if report.expected_rows < minimum_rows:
            print_next(
                say("--minimum-rows {rows} also summarises an intersection this small", rows=report.expected_rows)
            )
        if keep:
            print_tour(demonstration.network, report.job_id)
    return 0 if report.right else 1
