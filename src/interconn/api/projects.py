"""Projects as their initiators tell of them."""

from __future__ import annotations

from typing import Final

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import Paging, ProjectDetail, ProjectPage
from interconn.standard.wire import WireModel


class ProjectDiscover(Paging):
    """A page of a partner's projects in which this node takes part (MGT-5.5)."""

    node_id: Identifier


class ProjectShow(WireModel):
    """One project of a partner (MGT-5.6), or of this node where it is named."""

    node_id: Identifier
    project_id: Identifier


PROJECT_DISCOVER: Final = own(
    "project.discover", "GET", "/projects/discover", ProjectDiscover, ProjectPage, "List a partner's projects."
)
PROJECT_SHOW: Final = own(
    "project.show", "GET", "/projects/show", ProjectShow, ProjectDetail, "Show a project, as its initiator tells of it."
)

ENDPOINTS: Final = (PROJECT_DISCOVER, PROJECT_SHOW)
