"""The management layer put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api.own import OwnService
from interconn.components.registry import Registry
from interconn.identity.key_ring import KeyRing
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.approvals import Approvals
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.automatic import AutomaticDecisions
from interconn.management.approvals.decisions import Decisions
from interconn.management.consequences import Consequences
from interconn.management.contracts.applications import Applications
from interconn.management.contracts.contracts import Contracts
from interconn.management.contracts.cooperation import Cooperation
from interconn.management.contracts.declarations import Declarations
from interconn.management.contracts.directory import ContractDirectory
from interconn.management.contracts.expiries import Expiries
from interconn.management.contracts.own_node import OwnNode, SaveCard
from interconn.management.contracts.rotation import Rotation
from interconn.management.contracts.tables import Contract
from interconn.management.contracts.updates import ChangeRules, Updates
from interconn.management.contracts.verdicts import Verdicts
from interconn.management.datasets.catalogue import Catalogue
from interconn.management.datasets.curation import Curation
from interconn.management.datasets.datasets import Datasets
from interconn.management.datasets.grants import Grants
from interconn.management.datasets.intake import Intake
from interconn.management.departures import Departures
from interconn.management.explanations.explanations import Explanations
from interconn.management.given_files import GivenFiles
from interconn.management.models.curation import ModelCuration
from interconn.management.models.registry import Models
from interconn.management.models.uses import ModelUses
from interconn.management.offers import Offers
from interconn.management.permits.listings import PermitListings
from interconn.management.permits.permits import Permits
from interconn.management.permits.preauthorisations import Preauthorisations
from interconn.management.policy.explaining import Explaining
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.reconciliation.reconciliation import Reconciliation
from interconn.management.registration import Registration
from interconn.management.results.holding import Holding
from interconn.management.results.partners_logs import PartnersLogs
from interconn.management.results.results import Results
from interconn.management.switching import Switching
from interconn.management.work.admission import JobAdmission
from interconn.management.work.flows import Flows
from interconn.management.work.jobs import Jobs
from interconn.management.work.located import Sources
from interconn.management.work.preauthorised import PreauthorisedJobs
from interconn.management.work.project_information import ProjectInformation
from interconn.management.work.projects import Projects
from interconn.peers.delivery import Correspondent
from interconn.peers.exchanges import Exchanges
from interconn.peers.inbound import Service
from interconn.peers.outbound import PeerClient
from interconn.state.clock import Clock
from interconn.state.database import Database


def _keep_nothing(_members: Mapping[str, str]) -> None:
    pass


class Management:
    """Contracts, data sets, approvals, projects, flows and proposed jobs of a node.

    Args:
        node: this node's name card.
        database: where all of it is kept.
        directory: of partners; made first, as the client needs it.
        client: to other nodes.
        clock: time.
        keys: this node's keys.
        save_card: keeps changed members of the name card in the configuration.
        authority: file of the authority that the node made for itself, where it did.
        registry: the components that this node can run.
        storage: directory that holds the data sets.
        private: files and directories of the node's own, which nobody has it take in as data.
        change_rules: how a partner's changed key is taken.
        partners_only: tell partners alone what this node is called (MGT-G2.2.3.3-1).
        policy: file of the declared policy; None where there is none to look for.
        exchanges: the last contacts with partners.

    Attributes:
        policy: what is decided by declaration.
        automatic: decides by its rules.
        consequences: to be told what runs jobs, once that is made.
        explanations: to be told who knows what jobs wait for, once that is made.
        release: says to the control layer which results are held.
        logs: says to it which logs partners may read.
        results: decides on those.
        departures: to be told of persons who are trusted with less.
        expiries: winds up contracts whose time is over.
        rotation: changes this node's key; runs beside the delivery.
        own_node: this node's keys, as its people see them.
        reconciler: asks partners what they believe, by itself.
        admission: what the control layer asks before it runs a job.
        catalogue: where the control layer finds data sets.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        directory: ContractDirectory,
        client: PeerClient,
        clock: Clock,
        keys: KeyRing,
        registry: Registry,
        storage: Path,
        private: Iterable[Path] = (),
        save_card: SaveCard = _keep_nothing,
        authority: Path = Path("authority.pem"),
        change_rules: ChangeRules = ChangeRules(),
        partners_only: bool = False,
        policy: Path | None = None,
        exchanges: Exchanges | None = None,
    ) -> None:
        self._directory = directory
        self.policy = PolicyKeeper(policy, database, clock)
        self.consequences = Consequences(node_id=node.node_id, clock=clock, policy=self.policy)
        contracts = Contracts(node=node, keys=keys, clock=clock, directory=directory)
        applications = Applications(node=node, clock=clock, contracts=contracts)
        verdicts = Verdicts(clock=clock, contracts=contracts, consequences=self.consequences)
        self.expiries = Expiries(database=database, clock=clock, contracts=contracts, consequences=self.consequences)
        self.rotation = Rotation(
            node=node, database=database, keys=keys, clock=clock, contracts=contracts, directory=directory
        )
        self.own_node = OwnNode(
            node=node, database=database, keys=keys, rotation=self.rotation, save_card=save_card, authority=authority
        )
        self._cooperation = Cooperation(
            node=node,
            database=database,
            client=client,
            contracts=contracts,
            applications=applications,
            verdicts=verdicts,
            updates=Updates(node_id=node.node_id, clock=clock, contracts=contracts, rules=change_rules),
            partners_only=partners_only,
            exchanges=exchanges,
        )
        self._declarations = Declarations(database=database, contracts=contracts, cooperation=self._cooperation)
        permits = Permits(node=node, clock=clock, contracts=contracts)
        self.catalogue = Catalogue(node.inst_id, storage)
        self.release = Holding(clock=clock, policy=self.policy)
        self.logs = PartnersLogs(clock=clock, policy=self.policy)
        self.departures = Departures(clock=clock)
        files = GivenFiles(database=database, storage=storage, holding=self.release, private=private)
        self.results = Results(database=database, clock=clock, policy=self.policy, storage=storage)
        self._datasets = Datasets(
            database=database,
            client=client,
            catalogue=self.catalogue,
            contracts=contracts,
            permits=permits,
        )
        self._intake = Intake(database=database, clock=clock, catalogue=self.catalogue, storage=storage, files=files)
        self._offers = Offers(database=database, client=client, contracts=contracts, registry=registry)
        self._switching = Switching(database=database, clock=clock, registry=registry)
        self._registration = Registration(database=database, clock=clock, registry=registry)
        audits = Audits(
            node_id=node.node_id, clock=clock, contracts=contracts, permits=permits, consequences=self.consequences
        )
        self._grants = Grants(database=database, contracts=contracts, datasets=self._datasets, audits=audits)
        self._curation = Curation(
            node_id=node.node_id,
            database=database,
            clock=clock,
            catalogue=self.catalogue,
            contracts=contracts,
            audits=audits,
            grants=self._grants,
            storage=storage,
        )
        self._projects = Projects(
            node=node, database=database, clock=clock, contracts=contracts, datasets=self._datasets, audits=audits
        )
        self._information = ProjectInformation(
            node=node, database=database, client=client, clock=clock, contracts=contracts, audits=audits
        )
        self.models = Models(node_id=node.node_id, clock=clock, storage=storage, holding=self.release)
        self.sources = Sources(self.catalogue, self.models)
        self._uses = ModelUses(
            node_id=node.node_id,
            database=database,
            contracts=contracts,
            models=self.models,
            projects=self._projects,
            audits=audits,
        )
        self._model_curation = ModelCuration(
            node_id=node.node_id,
            database=database,
            clock=clock,
            models=self.models,
            contracts=contracts,
            audits=audits,
            uses=self._uses,
            storage=storage,
            files=files,
        )
        self._flows = Flows(
            node=node,
            database=database,
            clock=clock,
            projects=self._projects,
            audits=audits,
            descriptions=registry,
        )
        self._jobs = Jobs(
            node=node,
            database=database,
            clock=clock,
            contracts=contracts,
            flows=self._flows,
            catalogue=self.catalogue,
            models=self.models,
            permits=permits,
            audits=audits,
            descriptions=registry,
        )
        subjects = (self._grants, self._projects, self._flows, self._jobs, self._uses)
        decisions = Decisions(clock=clock, contracts=contracts, audits=audits, policy=self.policy)
        self._approvals = Approvals(
            database=database,
            client=client,
            audits=audits,
            decisions=decisions,
            policy=self.policy,
            subjects=subjects,
        )
        self.automatic = AutomaticDecisions(
            database=database,
            clock=clock,
            audits=audits,
            decisions=decisions,
            policy=self.policy,
            subjects={subject.kind: subject for subject in subjects},
        )
        self._explaining = Explaining(database=database, clock=clock, policy=self.policy, facts=self._approvals.facts)
        self._reconciliation = Reconciliation(
            node=node,
            database=database,
            client=client,
            clock=clock,
            exchanges=exchanges,
            contracts=contracts,
            addresses=self._cooperation,
            applications=applications,
            verdicts=verdicts,
            audits=audits,
            subjects={subject.kind: subject for subject in subjects},
        )
        self.explanations = Explanations(node=node, database=database, contracts=contracts, exchanges=exchanges)
        self.reconciler = self._reconciliation.reconciler
        self.count_drift = self._reconciliation.count_drift
        preauthorisations = Preauthorisations(clock=clock, contracts=contracts)
        self._listings = PermitListings(
            database=database,
            clock=clock,
            contracts=contracts,
            permits=permits,
            preauthorisations=preauthorisations,
            catalogue=self.catalogue,
            components=registry,
        )
        self.admission = JobAdmission(
            node=node,
            contracts=contracts,
            permits=permits,
            audits=audits,
            jobs=self._jobs,
            preauthorised=PreauthorisedJobs(
                node=node,
                clock=clock,
                contracts=contracts,
                catalogue=self.catalogue,
                preauthorisations=preauthorisations,
                descriptions=registry,
            ),
        )

    async def start(self) -> None:
        """Read contracts, registered components and policy, so that all are known before the first call.

        Raises:
            ConfigurationError: the policy is broken, and there never was a good one.
        """
        await self._directory.load()
        await self._registration.take_up()
        await self._curation.erase_removed()
        await self.rotation.start()
        await self._model_curation.erase_removed()
        await self.policy.start()

    def works(self) -> list[Callable[[], Awaitable[None]]]:
        """What goes on by itself while the node runs, each until cancelled."""
        works = [self.rotation.run, self.policy.run, self.automatic.run, self.expiries.run, self.results.run]
        return [*works, self.reconciler.run]

    def warnings(self) -> list[str]:
        """What a person has to know."""
        return self.policy.warnings()

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [
            *self._cooperation.services(),
            *self._datasets.services(),
            *self._offers.services(),
            *self._information.services(),
            *self._approvals.services(),
        ]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            *self.own_node.own_services(),
            *self._cooperation.own_services(),
            *self._intake.own_services(),
            *self._curation.own_services(),
            *self._datasets.own_services(),
            *self._offers.own_services(),
            *self._switching.own_services(),
            *self._registration.own_services(),
            *self._approvals.own_services(),
            *self._explaining.own_services(),
            *self.results.own_services(),
            *self._grants.own_services(),
            *self._projects.own_services(),
            *self._information.own_services(),
            *self._flows.own_services(),
            *self._uses.own_services(),
            *self._model_curation.own_services(),
            *self._jobs.own_services(),
            *self._declarations.own_services(),
            *self._listings.own_services(),
            *self._reconciliation.own_services(),
            *self.explanations.own_services(),
        ]

    def correspondents(self) -> list[Correspondent]:
        """Who speaks through the outbox."""
        return [self._cooperation, self.rotation, self._approvals]

    def count_contracts(self, session: Session) -> dict[str, int]:
        """Return how many contracts there are in each state."""
        counted = select(Contract.status, func.count()).group_by(Contract.status)
        return dict(session.execute(counted).all())
