"""What institutions do together: projects, flows and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interconn.api import audits as audit_rows
from interconn.api import jobs as job_rows
from interconn.api import projects as project_rows
from interconn.api.pictures import Picture
from interconn.client.exchange import Question
from interconn.client.verb import Client, Listening, Noun, Verb
from interconn.standard import control
from interconn.standard.flow import Config, Dag
from interconn.standard.management import ProjectDetail, ProjectPage, ProjectType
from interconn.standard.wire import Empty


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
    def discover(self, node_id: str, *, page: int = 1, size: int = -1) -> Question[ProjectPage]:
        """List a page of a partner's projects in which this node takes part (MGT-5.5)."""
        request = project_rows.ProjectDiscover(node_id=node_id, page_num=page, page_size=size)
        return Question(project_rows.PROJECT_DISCOVER, request)

    @Verb
    def show(self, node_id: str, project_id: str) -> Question[ProjectDetail]:
        """Show a project of a partner, or of this node where that is named (MGT-5.6)."""
        request = project_rows.ProjectShow(node_id=node_id, project_id=project_id)
        return Question(project_rows.PROJECT_SHOW, request)

    @Verb
    def list(self, *, page: int = 1, size: int = -1, name: str | None = None) -> Question[audit_rows.ProjectViews]:
        """List a page of projects; a size of -1 asks for all, `name` for those that contain it."""
        request = audit_rows.ProjectSearch(page_num=page, page_size=size, name=name)
        return Question(audit_rows.PROJECT_LIST, request)


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
    def lint(self, dag: Dag, config: Config | None = None) -> Question[audit_rows.FlowPlan]:
        """Check a flow as a job of it would be checked, without telling anybody; a DAG alone without parties."""
        return Question(audit_rows.FLOW_LINT, audit_rows.FlowLint(dag=dag, config=config))

    @Verb
    def picture(self, dag: Dag, *, title: str = "flow") -> Question[Picture]:
        """Draw a flow's DAG, as SVG."""
        return Question(audit_rows.FLOW_PICTURE, audit_rows.FlowPicture(dag=dag, title=title))

    @Verb
    def drawn(self, flow_id: str, *, initiator: str | None = None) -> Question[Picture]:
        """Draw a flow that the node knows, as SVG; `initiator` where several nodes have one of that id."""
        return Question(audit_rows.FLOW_DRAWN, audit_rows.FlowReference(flow_id=flow_id, initiator=initiator))

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, name: str | None = None, project_id: str | None = None
    ) -> Question[audit_rows.FlowViews]:
        """List a page of flows; a size of -1 asks for all, `name` for those that contain it."""
        request = audit_rows.FlowSearch(page_num=page, page_size=size, name=name, project_id=project_id)
        return Question(audit_rows.FLOW_LIST, request)


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

    @Listening
    def watch(self, job_id: str) -> Question[job_rows.JobEvent]:
        """Follow a job to its end: first what stands, then each thing that changes, whole as it is then."""
        return Question(job_rows.JOB_WATCH, control.JobReference(job_id=job_id))

    @Verb
    def picture(self, job_id: str) -> Question[Picture]:
        """Draw a job as it stands, or as it is proposed, as SVG."""
        return Question(job_rows.JOB_PICTURE, control.JobReference(job_id=job_id))

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, status: control.JobStatus | None = None, flow_id: str | None = None
    ) -> Question[job_rows.JobViews]:
        """List a page of jobs, newest first; a size of -1 asks for all."""
        request = job_rows.JobSearch(page_num=page, page_size=size, status=status, flow_id=flow_id)
        return Question(job_rows.JOB_LIST, request)

    @Verb
    def stop(self, job_id: str, *, task_name: str | None = None) -> Question[job_rows.JobView]:
        """Stop a job; with `task_name`, that component and all that depend on it."""
        return Question(job_rows.JOB_STOP, control.JobStop(job_id=job_id, task_name=task_name))

    @Verb
    def log(
        self, task_id: str, *, start: int = 0, length: int = 1000, level: control.LogLevel = control.LogLevel.DEBUG
    ) -> Question[job_rows.JobLog]:
        """Read log lines of a task of this node; those that matter less than `level` are left out."""
        request = job_rows.JobLogRequest(task_id=task_id, start=start, length=length, level=level)
        return Question(job_rows.JOB_LOG, request)

    @Verb
    def parties(self, job_id: str) -> Question[job_rows.JobParties]:
        """Ask who runs which task of a job."""
        return Question(job_rows.JOB_PARTIES, control.JobReference(job_id=job_id))

    @Verb
    def logs(
        self,
        job_id: str,
        task_name: str,
        party: str,
        *,
        start: int = 0,
        length: int = 1000,
        level: control.LogLevel = control.LogLevel.DEBUG,
    ) -> Question[job_rows.PartyLogView]:
        """Read log lines of a party's share of a task, such as guest.0's, here or as far as that party permits."""
        request = job_rows.JobLogsRequest(
            job_id=job_id, task_name=task_name, party=party, start=start, length=length, level=level
        )
        return Question(job_rows.JOB_LOGS, request)


class Platform(Noun[Client]):
    """The standard's own north-south calls, as an institution's upper layer makes them (CTL-5.1 to CTL-5.7)."""

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

    @Verb
    def stop_task(self, job_id: str, task_name: str) -> Question[Empty]:
        """Stop a component of a job and all that depend on it."""
        return Question(control.PLATFORM_STOP_TASK, control.TaskStop(job_id=job_id, task_name=task_name))

    @Verb
    def count_log(self, task_id: str, level: control.LogLevel) -> Question[control.LogLineCount]:
        """Count the lines of a task's log on this node."""
        return Question(control.PLATFORM_LOG_COUNT, control.TaskLogCount(task_id=task_id, log_level=level))

    @Verb
    def log(
        self, task_id: str, level: control.LogLevel, *, start: int = 0, length: int | None = None
    ) -> Question[control.LogText]:
        """Read a task's log on this node, from a line on; the first is 0."""
        request = control.TaskLogRead(task_id=task_id, log_level=level, start=start, length=length)
        return Question(control.PLATFORM_LOG, request)

    @Verb
    def jobs(self, *, flow_id: str | None = None) -> Question[control.JobStatuses]:
        """List jobs with their states."""
        return Question(control.PLATFORM_JOB_LIST, control.JobsOfFlow(flow_id=flow_id))
