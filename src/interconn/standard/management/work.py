"""Projects, flows and jobs as applied for (MGT-5, MGT-7, MGT-8)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from interconn.standard.flow import Config, Dag
from interconn.standard.identifiers import Identifier
from interconn.standard.management.terms import Name, Paging, ProjectType, Text
from interconn.standard.wire import Int64, WireModel


class ProjectDataset(WireModel):
    """A data set of the partner that a project uses (MGT-5.1)."""

    category: Text | None = None
    count: Int64 | None = None
    dataset_id: Identifier
    description: Text | None = None
    name: Name
    owner: Identifier


class ProjectApply(WireModel):
    """Application for the approval of a project (MGT-5.1)."""

    audit_id: Identifier
    contract_id: Identifier
    name: Name
    project_id: Identifier
    type: ProjectType | None = None
    datasets: list[ProjectDataset] | None = Field(default=None, max_length=1024)


class ProjectList(Paging):
    """Ask for a page of the partner's projects in which the caller takes part (MGT-5.5)."""

    contract_id: Identifier


class ProjectSummary(WireModel):
    """A project as a list shows it (MGT-5.5)."""

    description: Text | None = None
    name: Name
    project_id: Identifier
    type: ProjectType | None = None


class ProjectPage(WireModel):
    """A page of projects."""

    records: list[ProjectSummary]
    total: Int64


class ProjectQuery(WireModel):
    """Ask for one project of the partner (MGT-5.6)."""

    contract_id: Identifier
    project_id: Identifier


class ProjectNode(WireModel):
    """A node that takes part in a project: the standard leaves its members open (MGT-5.6-node)."""

    address: Text | None = None
    description: Text | None = None
    inst_id: Identifier
    institution: Text | None = None
    name: Name
    node_id: Identifier
    system: Text | None = None
    system_version: Text | None = None


class ProjectDetail(ProjectSummary):
    """A project whole: who takes part, and with which data sets by node id (MGT-5.6)."""

    nodes: list[ProjectNode]
    datasets: dict[Identifier, list[Identifier]]


class FlowApply(WireModel):
    """Application for the approval of a flow (MGT-7.1). `config` is also read as `conf`."""

    audit_id: Identifier
    dag: Dag
    config: Config | None = Field(default=None, validation_alias=AliasChoices("config", "conf"))
    description: Text | None = None
    flow_id: Identifier
    name: Name
    project_id: Annotated[str, Field(max_length=128)] | None = None


class JobApply(WireModel):
    """Application for the approval of a job (MGT-8.1). `conf` is also read as `config`."""

    audit_id: Identifier
    job_id: Identifier
    flow_id: Identifier
    name: Name
    project_id: Annotated[str, Field(max_length=128)]
    dag: Dag
    conf: Config = Field(validation_alias=AliasChoices("conf", "config"))
