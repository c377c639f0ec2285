"""Models: this node's own, and the use of partners' (MGT-9)."""

from __future__ import annotations

from collections.abc import Sequence

from interconn.api import audits as audit_rows
from interconn.api import models as model_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb


class Models(Noun[Client]):
    """Models of this node and of partners (MGT-9)."""

    @Verb
    def add(
        self, path: str, name: str, *, model_id: str | None = None, algorithm: str = "", to: Sequence[str] = ()
    ) -> Question[model_rows.ModelView]:
        """Register a ready-made model from a file that the node can read; `to` may apply for its use."""
        request = model_rows.ModelAdd(path=path, name=name, model_id=model_id, algorithm=algorithm, to=[*to])
        return Question(model_rows.MODEL_ADD, request)

    @Verb
    def share(self, model_id: str, to: Sequence[str] = ()) -> Question[model_rows.ModelView]:
        """Say which partners may apply for a model's use, beside those that hold it jointly."""
        return Question(model_rows.MODEL_SHARE, model_rows.ModelShare(model_id=model_id, to=[*to]))

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, name: str | None = None, job_id: str | None = None
    ) -> Question[model_rows.ModelViews]:
        """List a page of models; a size of -1 asks for all, `name` for those that contain it."""
        request = model_rows.ModelSearch(page_num=page, page_size=size, name=name, job_id=job_id)
        return Question(model_rows.MODEL_LIST, request)

    @Verb
    def show(self, model_id: str) -> Question[model_rows.ModelView]:
        """Show a model of this node."""
        return Question(model_rows.MODEL_INSPECT, model_rows.ModelReference(model_id=model_id))

    @Verb
    def remove(self, model_id: str, *, force: bool = False) -> Question[model_rows.ModelView]:
        """Remove a model with its bytes; `force` revokes its use."""
        return Question(model_rows.MODEL_REMOVE, model_rows.ModelRemove(model_id=model_id, force=force))

    @Verb
    def request(
        self,
        node_id: str,
        model_id: str,
        project_id: str,
        *,
        digest: str | None = None,
        task_id: str | None = None,
    ) -> Question[audit_rows.AuditView]:
        """Apply for the use of a partner's share of a model in a project (MGT-9.1)."""
        request = model_rows.ModelRequest(
            node_id=node_id, model_id=model_id, apply_project_id=project_id, digest=digest, task_id=task_id
        )
        return Question(model_rows.MODEL_REQUEST, request)
