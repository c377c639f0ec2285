"""Models of this node, and the use of partners' (MGT-9)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from interconn.api.audits import AuditView
from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import Name, Paging
from interconn.standard.wire import WireModel

Partners = Annotated[list[Identifier], Field(max_length=1024)]


class ModelAdd(WireModel):
    """Register a ready-made model from a file that the node can read, and keep a copy of it.

    Attributes:
        to: partners that may apply for its use.
    """

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    name: Name
    model_id: Identifier | None = None
    algorithm: Annotated[str, Field(max_length=512)] = ""
    to: Partners = []


class ModelShare(WireModel):
    """Say which partners, beside those that hold it jointly, may apply for a model's use: those, and no others."""

    model_id: Identifier
    to: Partners


class ModelReference(WireModel):
    """A model of this node by its id."""

    model_id: Identifier


class ModelRemove(WireModel):
    """Remove a model with its bytes; refused while its use is approved, unless `force`, which revokes that."""

    model_id: Identifier
    force: bool = False


class ModelRequest(WireModel):
    """Apply for the use of a partner's share of a model in a project (MGT-9.1).

    Attributes:
        apply_project_id: the project in which it will be used.
        digest: of the partner's share, if it was told by another way; held against the partner's own.
        task_id: the task that produced it; filled in where this node holds a share.
    """

    node_id: Identifier
    model_id: Identifier
    apply_project_id: Identifier
    digest: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    task_id: Identifier | None = None


class ModelView(WireModel):
    """A model of this node; where it lies is shown to its own people only."""

    model_id: str
    name: str
    algorithm: str = ""
    task_id: str = ""
    job_id: str = ""
    project_id: str = ""
    parties: list[str] = Field(default=[], description="nodes that hold a share each")
    shared_with: list[str] = Field(default=[], description="partners that may apply for its use beside them")
    digest: str
    size: int = Field(description="bytes")
    source: str = ""
    location: str
    created_at: int


class ModelSearch(Paging):
    """Which models to list."""

    name: Name | None = Field(default=None, description="a part of the name")
    job_id: Identifier | None = None


class ModelViews(WireModel):
    """A page of models, oldest first, and how many there are in all."""

    models: list[ModelView]
    total: int = 0


MODEL_ADD: Final = own("model.add", "POST", "/models/add", ModelAdd, ModelView, "Register a ready-made model.")
MODEL_SHARE: Final = own("model.share", "POST", "/models/share", ModelShare, ModelView, "Say who may apply for it.")
MODEL_REMOVE: Final = own("model.remove", "POST", "/models/remove", ModelRemove, ModelView, "Remove a model.")
MODEL_INSPECT: Final = own("model.inspect", "GET", "/models/inspect", ModelReference, ModelView, "Show a model.")
MODEL_LIST: Final = own("model.list", "GET", "/models", ModelSearch, ModelViews, "List models.")
MODEL_REQUEST: Final = own(
    "model.request", "POST", "/models/request", ModelRequest, AuditView, "Apply for the use of a partner's model."
)

ENDPOINTS: Final = (MODEL_ADD, MODEL_SHARE, MODEL_REMOVE, MODEL_INSPECT, MODEL_LIST, MODEL_REQUEST)
