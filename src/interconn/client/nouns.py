"""What one can ask of a node, grouped by noun; the verbs of both clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic

from interconn.api import audits as audit_rows
from interconn.api import components as component_rows
from interconn.api import datasets as dataset_rows
from interconn.api import jobs as job_rows
from interconn.api import node as node_rows
from interconn.api import peers as peer_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard import control
from interconn.standard.flow import Config, Dag
from interconn.standard.management import (
    AuditStatus,
    AuthScope,
    ComponentDetail,
    ComponentPage,
    DatasetDetail,
    DatasetPage,
    ProjectType,
)
from interconn.standard.wire import Empty


class Node(Noun[Client]):
    """The node itself."""

    @Verb
    def status(self) -> Question[node_rows.NodeStatus]:
        """Ask how the node is."""
        return Question(node_rows.NODE_STATUS, Empty())


class Sessions(Noun[Client]):
    """Transport sessions."""

    @Verb
    def open(self, session_id: str, parties: Sequence[str]) -> Question[node_rows.SessionOpened]:
        """Open a session by hand; every party's node must be told the same."""
        request = node_rows.SessionOpen(session_id=session_id, parties=list(parties))
        return Question(node_rows.SESSION_OPEN, request)

    @Verb
    def list(self) -> Question[node_rows.SessionList]:
        """List open sessions."""
        return Question(node_rows.SESSION_LIST, Empty())


class Peers(Noun[Client]):
    """Partners and the contracts with them (MGT-3)."""

    @Verb
    def apply(
        self,
        address: str,
        node_id: str,
        *,
        fingerprint: str | None = None,
        expired_time: int | None = None,
        description: str | None = None,
    ) -> Question[peer_rows.ContractView]:
        """Apply for cooperation with the node at an address; `fingerprint` is its key's, received out of band."""
        request = peer_rows.PeerApply(
            address=address,
            node_id=node_id,
            fingerprint=fingerprint,
            expired_time=expired_time,
            description=description,
        )
        return Question(peer_rows.PEER_APPLY, request)

    @Verb
    def approve(
        self,
        contract_id: str,
        fingerprint: str,
        *,
        expired_time: int | None = None,
        accept_unproven: bool = False,
    ) -> Question[peer_rows.ContractView]:
        """Approve an application, or compare the key of a partner that approved ours."""
        request = peer_rows.PeerApprove(
            contract_id=contract_id,
            fingerprint=fingerprint,
            expired_time=expired_time,
            accept_unproven=accept_unproven,
        )
        return Question(peer_rows.PEER_APPROVE, request)

    @Verb
    def reject(self, contract_id: str) -> Question[peer_rows.ContractView]:
        """Reject an application."""
        return Question(peer_rows.PEER_REJECT, peer_rows.PeerDecision(contract_id=contract_id))

    @Verb
    def terminate(self, contract_id: str) -> Question[peer_rows.ContractView]:
        """End a contract."""
        return Question(peer_rows.PEER_TERMINATE, peer_rows.PeerDecision(contract_id=contract_id))

    @Verb
    def list(self) -> Question[peer_rows.ContractViews]:
        """List contracts."""
        return Question(peer_rows.PEER_LIST, Empty())

    @Verb
    def ask(self, node_id: str) -> Question[peer_rows.PeerAnswer]:
        """Ask a partner about itself and the contract."""
        return Question(peer_rows.PEER_ASK, peer_rows.PeerAsk(node_id=node_id))


class Datasets(Noun[Client]):
    """Data sets of this node and of partners (MGT-4)."""

    @Verb
    def add(
        self,
        path: str,
        name: str,
        key_columns: Sequence[str],
        *,
        label_columns: Sequence[str] = (),
        dataset_id: str | None = None,
        description: str | None = None,
        category: str | None = None,
    ) -> Question[dataset_rows.DatasetView]:
        """Take a CSV file that the node can read into its storage."""
        request = dataset_rows.DatasetAdd(
            path=path,
            name=name,
            key_columns=list(key_columns),
            label_columns=list(label_columns),
            dataset_id=dataset_id,
            description=description,
            category=category,
        )
        return Question(dataset_rows.DATASET_ADD, request)

    @Verb
    def publish(self, dataset_id: str) -> Question[dataset_rows.DatasetView]:
        """Show a data set to contract partners; its rows never leave the node by this."""
        return Question(dataset_rows.DATASET_PUBLISH, dataset_rows.DatasetPublish(dataset_id=dataset_id))

    @Verb
    def hide(self, dataset_id: str) -> Question[dataset_rows.DatasetView]:
        """Hide a data set from contract partners again."""
        request = dataset_rows.DatasetPublish(dataset_id=dataset_id, published=False)
        return Question(dataset_rows.DATASET_PUBLISH, request)

    @Verb
    def list(self) -> Question[dataset_rows.DatasetViews]:
        """List the node's own data sets."""
        return Question(dataset_rows.DATASET_LIST, Empty())

    @Verb
    def discover(self, node_id: str, *, page: int = 1, size: int = -1) -> Question[DatasetPage]:
        """List a page of a partner's published data sets; a size of -1 asks for all (MGT-4.1)."""
        request = dataset_rows.DatasetDiscover(node_id=node_id, page_num=page, page_size=size)
        return Question(dataset_rows.DATASET_DISCOVER, request)

    @Verb
    def show(self, node_id: str, dataset_id: str) -> Question[DatasetDetail]:
        """Show one data set of a partner (MGT-4.2)."""
        request = dataset_rows.DatasetShow(node_id=node_id, dataset_id=dataset_id)
        return Question(dataset_rows.DATASET_SHOW, request)

    @Verb
    def request(
        self,
        node_id: str,
        dataset_id: str,
        *,
        scope: AuthScope | None = None,
        time_limit: int | None = None,
        times_limit: int | None = None,
    ) -> Question[audit_rows.AuditView]:
        """Apply for a grant of a partner's data set (MGT-4.3); limits are epoch milliseconds and jobs."""
        request = audit_rows.DatasetRequest(
            node_id=node_id, dataset_id=dataset_id, auth_scope=scope, time_limit=time_limit, times_limit=times_limit
        )
        return Question(audit_rows.DATASET_REQUEST, request)


class Audits(Noun[Client]):
    """Approvals that partners ask of each other (MGT-4.3 to 4.6, 5.1 to 5.4, 7.1 to 7.4, 8.1 and 8.2)."""

    @Verb
    def list(
        self,
        *,
        kind: audit_rows.AuditKind | None = None,
        status: AuditStatus | None = None,
        subject_id: str | None = None,
    ) -> Question[audit_rows.AuditViews]:
        """List approvals, all or some."""
        request = audit_rows.AuditSearch(kind=kind, status=status, subject_id=subject_id)
        return Question(audit_rows.AUDIT_LIST, request)

    @Verb
    def approve(
        self, audit_id: str, *, time_limit: int | None = None, times_limit: int | None = None, reason: str = ""
    ) -> Question[audit_rows.AuditView]:
        """Approve what a partner applied for; limits may only tighten what it asked."""
        request = audit_rows.AuditDecision(
            audit_id=audit_id, time_limit=time_limit, times_limit=times_limit, reason=reason
        )
        return Question(audit_rows.AUDIT_APPROVE, request)

    @Verb
    def reject(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Reject what a partner applied for."""
        return Question(audit_rows.AUDIT_REJECT, audit_rows.AuditDecision(audit_id=audit_id, reason=reason))

    @Verb
    def terminate(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Revoke an approval that was given, by us or to us."""
        return Question(audit_rows.AUDIT_TERMINATE, audit_rows.AuditTermination(audit_id=audit_id, reason=reason))

    @Verb
    def ask(self, audit_id: str) -> Question[audit_rows.PartnerStatus]:
        """Ask the partner how an approval stands there (MGT-4.6, MGT-5.4, MGT-7.4)."""
        return Question(audit_rows.AUDIT_ASK, audit_rows.AuditReference(audit_id=audit_id))


class Projects(Noun[Client]):
    """Projects with partners (MGT-5)."""

    @Verb
    def create(
        self,
        name: str,
        partners: Sequence[str],
        *,
        type: ProjectType | None = None,  # noqa: A002 - the standard's word (MGT-5.1)
        datasets: Mapping[str, Sequence[str]] | None = None,
        description: str | None = None,
        project_id: str | None = None,
    ) -> Question[audit_rows.ProjectView]:
        """Create a project and ask each partner's approval; `datasets` maps a node id to its data sets."""
        request = audit_rows.ProjectCreate(
            name=name,
            partners=list(partners),
            type=type,
            datasets={node_id: list(listed) for node_id, listed in (datasets or {}).items()},
            description=description,
            project_id=project_id,
        )
        return Question(audit_rows.PROJECT_CREATE, request)

    @Verb
    def list(self) -> Question[audit_rows.ProjectViews]:
        """List projects."""
        return Question(audit_rows.PROJECT_LIST, Empty())


class Components(Noun[Client]):
    """Components of this node and of partners (MGT-6)."""

    @Verb
    def list(self) -> Question[component_rows.ComponentViews]:
        """List the components that this node can run."""
        return Question(component_rows.COMPONENT_LIST, Empty())

    @Verb
    def discover(self, node_id: str, *, page: int = 1, size: int = -1) -> Question[ComponentPage]:
        """List a page of a partner's components; a size of -1 asks for all (MGT-6.1)."""
        request = component_rows.ComponentDiscover(node_id=node_id, page_num=page, page_size=size)
        return Question(component_rows.COMPONENT_DISCOVER, request)

    @Verb
    def show(self, node_id: str, code: str, version: str) -> Question[ComponentDetail]:
        """Show one component of a partner (MGT-6.2)."""
        request = component_rows.ComponentShow(node_id=node_id, code=code, version=version)
        return Question(component_rows.COMPONENT_SHOW, request)


class Flows(Noun[Client]):
    """Flows of projects (MGT-7)."""

    @Verb
    def create(
        self,
        name: str,
        project_id: str,
        dag: Dag,
        *,
        config: Config | None = None,
        description: str | None = None,
        flow_id: str | None = None,
    ) -> Question[audit_rows.FlowView]:
        """Create a flow in a project and ask each partner's approval."""
        request = audit_rows.FlowCreate(
            name=name, project_id=project_id, dag=dag, config=config, description=description, flow_id=flow_id
        )
        return Question(audit_rows.FLOW_CREATE, request)

    @Verb
    def lint(self, dag: Dag, config: Config) -> Question[audit_rows.FlowPlan]:
        """Check a flow as a job of it would be checked, without telling anybody."""
        return Question(audit_rows.FLOW_LINT, audit_rows.FlowLint(dag=dag, config=config))

    @Verb
    def list(self) -> Question[audit_rows.FlowViews]:
        """List flows."""
        return Question(audit_rows.FLOW_LIST, Empty())


class Jobs(Noun[Client]):
    """Jobs: proposed, approved, run (MGT-8, CTL-5)."""

    @Verb
    def propose(self, flow_id: str, config: Config, *, name: str = "job") -> Question[audit_rows.JobProposal]:
        """Propose a job of a flow: each party's approval is asked, with this node's permits."""
        return Question(audit_rows.JOB_PROPOSE, audit_rows.JobPropose(flow_id=flow_id, config=config, name=name))

    @Verb
    def run(self, job_id: str) -> Question[job_rows.JobView]:
        """Start a job whose approvals are all there."""
        return Question(job_rows.JOB_RUN, job_rows.JobRun(job_id=job_id))

    @Verb
    def show(self, job_id: str) -> Question[job_rows.JobView]:
        """Ask how a job stands."""
        return Question(job_rows.JOB_SHOW, control.JobReference(job_id=job_id))

    @Verb
    def list(self) -> Question[job_rows.JobViews]:
        """List jobs."""
        return Question(job_rows.JOB_LIST, Empty())

    @Verb
    def stop(self, job_id: str) -> Question[job_rows.JobView]:
        """Stop a job."""
        return Question(job_rows.JOB_STOP, control.JobReference(job_id=job_id))

    @Verb
    def log(self, task_id: str, *, start: int = 0, length: int = 1000) -> Question[job_rows.JobLog]:
        """Read log lines of a task of this node."""
        return Question(job_rows.JOB_LOG, job_rows.JobLogRequest(task_id=task_id, start=start, length=length))


class Platform(Noun[Client]):
    """The standard's own north-south calls, as an institution's upper layer makes them (CTL-5.1 to CTL-5.3)."""

    @Verb
    def create_all(
        self, dag: Dag, config: Config, *, flow_id: str | None = None, job_id: str | None = None
    ) -> Question[control.JobReference]:
        """Create a job and run it."""
        request = control.PlatformJobCreate(job_id=job_id, flow_id=flow_id, dag=dag, config=config)
        return Question(control.PLATFORM_CREATE_ALL, request)

    @Verb
    def stop_all(self, job_id: str) -> Question[Empty]:
        """Stop a job."""
        return Question(control.PLATFORM_STOP_ALL, control.JobReference(job_id=job_id))

    @Verb
    def status_all(self, job_id: str) -> Question[control.JobStatusReply]:
        """Ask how a job stands."""
        return Question(control.PLATFORM_STATUS_ALL, control.JobReference(job_id=job_id))


class Nouns(Generic[Client]):
    """All nouns of one client."""

    def __init__(self, client: Client) -> None:
        self.node = Node(client)
        self.sessions = Sessions(client)
        self.peers = Peers(client)
        self.datasets = Datasets(client)
        self.audits = Audits(client)
        self.projects = Projects(client)
        self.components = Components(client)
        self.flows = Flows(client)
        self.jobs = Jobs(client)
        self.platform = Platform(client)
