"""Whatever order of granting, using, revoking, expiring and ending: the ledger agrees with a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from interconn.api.permits import Standing
from interconn.management.approvals.subjects import Limits
from interconn.management.approvals.tables import Audit
from interconn.management.permits.ledger import GrantLedger
from interconn.management.permits.levels import LEVELS, ResourceType
from interconn.management.permits.listings import grant_view
from interconn.management.permits.permit_set import PresentedPermit, resource_name, write_permit_set
from interconn.management.permits.tables import CoveredDataset, Grant, GrantUse
from interconn.management.permits.terms import Access, GrantTerms
from interconn.standard.errors import ContractNotUsable, PermitRefused
from interconn.standard.management import AuthScope
from interconn.state.database import Table
from tests.management.conftest import START, SteppedClock

TABLES = [kind.__table__ for kind in (Audit, Grant, GrantUse, CoveredDataset)]
USERS = ("bank", "clearing")
DATASETS = ("ages", "loans")
PROJECTS = ("project-1", "project-2")


@dataclass(eq=False)
class Granted:
    """What the model knows of one grant."""

    number: int
    user: str
    kind: str
    resource_id: str
    scope: str | None
    covers: frozenset[str]
    time_limit: int | None
    times_limit: int | None
    tokens: list[str]
    revoked: bool = False
    jobs: set[str] = field(default_factory=set)

    @property
    def level(self) -> int:
        return LEVELS[ResourceType(self.kind)]

    def presented(self, token: str) -> PresentedPermit:
        return PresentedPermit(resource_name(self.kind, "operator", self.resource_id), self.level, token)


class Contracts:
    """Stands for the contracts: those of some users are over."""

    def __init__(self) -> None:
        self.over: set[str] = set()

    def require_usable(self, _session: Session, node_id: str, contract_id: str = "") -> SimpleNamespace:
        if node_id in self.over:
            raise ContractNotUsable(f"no contract with {node_id} is in force")
        return SimpleNamespace(inst_id=f"inst-{node_id}", contract_id=f"contract-{node_id}")


class Ledger(RuleBasedStateMachine):
    """Drives the real ledger on a real database, and the model beside it."""

    grants: Bundle[Granted] = Bundle("grants")

    @initialize()
    def open(self) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        Table.metadata.create_all(self.engine, tables=TABLES)
        self.session = Session(self.engine, expire_on_commit=False)
        self.clock, self.contracts = SteppedClock(), Contracts()
        node = SimpleNamespace(node_id="operator", inst_id="inst-operator")
        self.ledger = GrantLedger(node=node, clock=self.clock, contracts=self.contracts)  # type: ignore[arg-type]
        self.known: list[Granted] = []

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.engine.dispose()

    @rule(
        target=grants,
        user=st.sampled_from(USERS),
        dataset=st.sampled_from(DATASETS),
        scope=st.sampled_from([None, *PROJECTS]),
        seconds=st.none() | st.integers(1, 5),
        times=st.none() | st.integers(1, 3),
    )
    def grant_dataset(self, user, dataset, scope, seconds, times):
        return self._grant(user, "DATASET", dataset, scope, frozenset(), seconds, times)

    @rule(
        target=grants,
        user=st.sampled_from(USERS),
        project=st.sampled_from(PROJECTS),
        covers=st.frozensets(st.sampled_from(DATASETS)),
        times=st.none() | st.integers(1, 3),
    )
    def grant_project(self, user, project, covers, times):
        return self._grant(user, "PROJECT", project, None, covers, None, times)

    def _grant(self, user, kind, resource_id, scope, covers, seconds, times):
        if user in self.contracts.over:
            return multiple()
        audit = Audit(
            audit_id=f"audit-{len(self.known)}", node_id=user, kind=kind, subject_id=resource_id, direction="PARTNER",
            status="APPROVED", content={}, content_digest="", trace_id="", applied_at=START, void="",
        )  # fmt: skip
        self.session.add(audit)
        self.session.flush()
        terms = GrantTerms(
            scope=AuthScope(PROJECT=[scope]) if scope else None, times_limit=times, datasets=tuple(sorted(covers))
        )
        time_limit = self.clock.time + seconds * 1000 if seconds else None
        permit = self.ledger.mint(
            self.session, audit, terms, Limits(time_limit=time_limit, grant_datasets=bool(covers))
        )
        self.session.commit()
        granted = Granted(
            audit.number, user, kind, resource_id, scope, covers, time_limit, times, tokens=[permit.token]
        )
        self.known.append(granted)
        return granted

    @rule(granted=grants)
    def renew(self, granted):
        permit = self.ledger.mint_again(self.session, self.session.get_one(Audit, granted.number))
        self.session.commit()
        granted.tokens.append(permit.token)

    @rule(granted=grants)
    def look(self, granted):
        grant = self.session.scalars(select(Grant).where(Grant.audit_number == granted.number)).one()
        view = grant_view(self.session, self.ledger, grant)
        assert (view.standing is Standing.REVOKED) == granted.revoked
        assert view.uses == len(granted.jobs)
        assert not any(token in view.model_dump_json() for token in granted.tokens)

    @rule(granted=consumes(grants))
    def revoke(self, granted):
        self.session.get_one(Audit, granted.number).status = "TERMINATED"
        self.session.commit()
        granted.revoked = True

    @rule(milliseconds=st.integers(1, 3000))
    def wait(self, milliseconds):
        self.clock.time += milliseconds

    @rule(user=st.sampled_from(USERS))
    def end_contract(self, user):
        self.contracts.over.add(user)

    @rule(
        data=st.data(),
        user=st.sampled_from(USERS),
        dataset=st.sampled_from(DATASETS),
        project=st.sampled_from(PROJECTS),
        job=st.sampled_from([f"job-{number}" for number in range(6)]),
    )
    def use(self, data, user, dataset, project, job):
        """Present any tokens there ever were, as whoever; what is admitted is what the model admits."""
        every = [(granted, token) for granted in self.known for token in granted.tokens]
        chosen = data.draw(st.lists(st.sampled_from(every), unique=True, max_size=6)) if every else []
        text = write_permit_set(granted.presented(token) for granted, token in chosen)
        expected = self._expected([one for one in chosen if one[1] == one[0].tokens[-1]], user, dataset, project)
        try:
            found = self.ledger.accept(
                self.session, text, user=user, accesses=[Access(ResourceType.DATASET, dataset)], project_id=project
            )
        except PermitRefused:
            assert expected is None
            return
        assert expected is not None
        assert [grant.audit_number for grant in found] == [expected.number]
        self.ledger.use(self.session, found, job)
        self.session.commit()
        expected.jobs.add(job)

    def _expected(self, chosen, user, dataset, project):
        covering = [
            granted
            for granted, _ in chosen
            if granted.user == user
            and not granted.revoked
            and user not in self.contracts.over
            and (granted.time_limit is None or self.clock.time < granted.time_limit)
            and (granted.times_limit is None or len(granted.jobs) < granted.times_limit)
            and (
                (granted.resource_id == dataset and granted.scope in (None, project))
                if granted.kind == "DATASET"
                else (granted.resource_id == project and dataset in granted.covers)
            )
        ]
        return max(covering, key=lambda granted: (granted.level, granted.number), default=None)

    @invariant()
    def counts_are_those_of_the_model(self):
        if not hasattr(self, "session"):
            return
        used: dict[int, set[str]] = {granted.number: set() for granted in self.known}
        joined = select(Grant.audit_number, GrantUse.job_id).join(GrantUse, GrantUse.grant_id == Grant.grant_id)
        for number, job in self.session.execute(joined):
            used[number].add(job)
        assert used == {granted.number: granted.jobs for granted in self.known}
        for granted in self.known:
            assert granted.times_limit is None or len(granted.jobs) <= granted.times_limit


Ledger.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
test_ledger = Ledger.TestCase
