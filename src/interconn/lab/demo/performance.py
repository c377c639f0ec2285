"""The whole demonstration: the network, what its people do, the check, and the end of the network."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interconn.lab.demo.events import BANK, CLEARING_HOUSE, INSTITUTIONS, OPERATOR, Listener, Phase, Stopwatch
from interconn.lab.demo.flow import configuration
from interconn.lab.demo.people import BANK_DATASET, OPERATOR_DATASET, People
from interconn.lab.demo.report import Report, check, keep_outputs
from interconn.lab.demo.tables import Tables, german_credit, plaintext_join
from interconn.lab.demo.traffic import measure
from interconn.lab.network import Lab
from interconn.lab.record import Member
from interconn.standard.management import AuthType

DEFAULT_HOME = Path(".interconn/demo")
MINIMUM_ROWS = 10
MEMBERS = (
    Member(OPERATOR, "operator.example", "Example Telecom", AuthType.SHA256_RSA),
    Member(BANK, "bank.example", "Example Bank"),
    Member(CLEARING_HOUSE, "clearing-house.example", "Example Clearing House"),
)


@dataclass(frozen=True)
class Demonstration:
    """What is to be shown.

    Attributes:
        tables: the user's own; None for German Credit.
        home: where results, and a kept network, lie.
        keep: leave the network running.
        minimum_rows: an intersection with fewer rows is not summarised.
    """

    tables: Tables | None = None
    home: Path = DEFAULT_HOME
    keep: bool = False
    minimum_rows: int = MINIMUM_ROWS

    @property
    def network(self) -> Path:
        """Directory of a kept network."""
        return self.home / "network"

    @property
    def results(self) -> Path:
        """Directory of the results."""
        return self.home / "results"


class Failed(Exception):
    """The demonstration broke off.

    Args:
        cause: why.
        last_words: end of each node's log.
    """

    def __init__(self, cause: Exception, last_words: str) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.last_words = last_words


def perform(demonstration: Demonstration, listener: Listener) -> Report:
    """Perform the demonstration; unless it is to be kept, nothing of the network is left behind.

    Raises:
        Failed: it broke off after the nodes had started.
        InterconnError: the tables cannot be used, or a node did not start.
    """
    watch = Stopwatch(listener)
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interconn-demo-")))
        tables = demonstration.tables or german_credit(work / "tables")
        expected = plaintext_join(tables)
        directory = demonstration.network if demonstration.keep else work / "network"
        with watch.phase(Phase.NODES):
            listener.act(CLEARING_HOUSE, "each institution makes a node: home, keys, database, ports, process")
            lab = Lab.create_without_contracts(directory, MEMBERS)
        stack.enter_context(_ended(lab, keep=demonstration.keep))
        try:
            report = _perform(demonstration, lab, listener, watch, tables, expected)
        except Exception as error:
            raise Failed(error, lab.last_words()) from error
        if not demonstration.keep:
            keep_outputs(report, demonstration.results)
        return report


def _perform(
    demonstration: Demonstration,
    lab: Lab,
    listener: Listener,
    watch: Stopwatch,
    tables: Tables,
    expected: set[str],
) -> Report:
    clients = lab.clients()
    people = People({name: clients[name] for name in INSTITUTIONS}, listener)
    config = configuration(
        keys=tables.keys,
        minimum_rows=demonstration.minimum_rows,
        bank_dataset=BANK_DATASET,
        operator_dataset=OPERATOR_DATASET,
    )
    with watch.phase(Phase.CONTRACTS):
        people.sign_contracts()
    with watch.phase(Phase.DATA):
        people.publish(tables)
    with watch.phase(Phase.GRANTS):
        people.grant()
    with watch.phase(Phase.PROJECT):
        people.create_project()
    with watch.phase(Phase.COMPONENTS):
        people.find_components()
    with watch.phase(Phase.FLOW):
        people.create_flow(config)
    with watch.phase(Phase.APPROVAL):
        job_id = people.approve_job(config)
    urls = [node.admin_url for node in lab.nodes]
    before = measure(urls)
    with watch.phase(Phase.JOB):
        seen = people.run_job(job_id)
    with watch.phase(Phase.CHECK):
        report = check(seen, expected, tables.keys)
        report.traffic = measure(urls) - before
    report.seconds = watch.seconds
    return report


@contextlib.contextmanager
def _ended(lab: Lab, *, keep: bool) -> Iterator[None]:
    """End the network with the block, however that ends; a second Ctrl-C must not leave half of it running."""
    try:
        yield
    finally:
        if not keep:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                lab.down()
            finally:
                signal.signal(signal.SIGINT, before)
