"""Whatever order of granting, using, revoking, expiring and ending: the ledger agrees with a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from interconn.api.permits import Standing
from interconn.management.approvals.subjects import Limits
from interconn.management.approvals.tables import Audit
from interconn.management.permits.ledger import GrantLedger
from interconn.management.permits.levels import LEVELS, ResourceType
from interconn.management.permits.listings import grant_view
from interconn.management.permits.minting import Mint
from interconn.management.permits.permit_set import PresentedPermit, resource_name, write_permit_set
from interconn.management.permits.tables import CoveredDataset, Grant, GrantUse
from interconn.management.permits.terms import Access, GrantTerms
from interconn.standard.errors import ContractNotUsable, PermitRefused
from interconn.standard.management import AuthScope
from interconn.state.database import Table
from interconn.trail.entries import AuditEntry
from tests.management.conftest import START, SteppedClock

TABLES = [kind.__table__ for kind in (Audit, AuditEntry, Grant, GrantUse, CoveredDataset)]
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
    contract_id: str
    revoked: bool = False
    jobs: set[str] = field(default_factory=set)

    @property
    def level(self) -> int:
        return LEVELS[ResourceType(self.kind)]

    def presented(self, token: str) -> PresentedPermit:
        return PresentedPermit(resource_name(self.kind, "operator", self.resource_id), self.level, token)


class Contracts:
    """Stands for the contracts: a user has one in force, and those before it are over."""

    def __init__(self) -> None:
        self.numbers = dict.fromkeys(USERS, 1)

    def in_force(self, node_id: str) -> str:
        return f"contract-{node_id}-{self.numbers[node_id]}"

    def require_usable(self, _session: Session, node_id: str, contract_id: str = "") -> SimpleNamespace:
        if contract_id not in ("", self.in_force(node_id)):
            raise ContractNotUsable(f"{contract_id} is not in force")
        return SimpleNamespace(inst_id=f"inst-{node_id}", contract_id=self.in_force(node_id))


class Ledger(RuleBasedStateMachine):
    """Drives the real ledger on a real database, and the model beside it."""

    grants: Bundle[Granted] = Bundle("grants")

    @initialize()
    def open(self) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        Table.metadata.create_all(self.engine, tables=TABLES)
        self.session = Session(self.engine, expire_on_commit=False, info={"topics": []})
        self.clock, self.contracts = SteppedClock(), Contracts()
        node = SimpleNamespace(node_id="operator", inst_id="inst-operator")
        self.mint = Mint(node=node, clock=self.clock, contracts=self.contracts)  # type: ignore[arg-type]
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
        permit = self.mint.new(self.session, audit, terms, Limits(time_limit=time_limit, grant_datasets=bool(covers)))
        self.session.commit()
        granted = Granted(
            audit.number,
            user,
            kind,
            resource_id,
            scope,
            covers,
            time_limit,
            times,
            tokens=[permit.token],
            contract_id=self.contracts.in_force(user),
        )
        self.known.append(granted)
        return granted

    @rule(granted=grants)
    def renew(self, granted):
        permit = self.mint.anew(self.session, self.session.get_one(Audit, granted.number))
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

    @rule(milliseconds=st.integers(1, 1500), ends=st.sampled_from([None, None, None, *USERS]))
    def later(self, milliseconds, ends):
        """Time goes by; sometimes a contract ends, and another one is made, which revives nothing."""
        self.clock.time += milliseconds
        if ends:
            self.contracts.numbers[ends] += 1

    @rule(
        data=st.data(),
        granted=grants,
        twist=st.sampled_from(["", "", "", "user", "dataset", "project", "only others"]),
        jobs=st.lists(st.sampled_from([f"job-{number}" for number in range(5)]), min_size=1, max_size=3),
    )
    def use(self, data, granted, twist, jobs):
        """Present a permit for what it is for, or with one thing changed, and any others that there ever were."""
        user = data.draw(st.sampled_from(USERS)) if twist == "user" else granted.user
        of = granted.resource_id if granted.kind == "DATASET" else min(granted.covers, default="ages")
        dataset = data.draw(st.sampled_from(DATASETS)) if twist == "dataset" else of
        within = (granted.scope or "project-1") if granted.kind == "DATASET" else granted.resource_id
        project = data.draw(st.sampled_from(PROJECTS)) if twist == "project" else within
        every = [(one, token) for one in self.known for token in one.tokens]
        others = data.draw(st.lists(st.sampled_from(every), unique=True, max_size=3))
        chosen = list(dict.fromkeys([*others, *([] if twist == "only others" else [(granted, granted.tokens[-1])])]))
        for job in jobs:
            self._use(chosen, user, dataset, project, job)

    def _use(self, chosen, user, dataset, project, job):
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
            and granted.contract_id == self.contracts.in_force(user)
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


Ledger.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
test_ledger = Ledger.TestCase
