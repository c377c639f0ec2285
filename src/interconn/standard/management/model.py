"""Models as applied for (MGT-9)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from interconn.standard.identifiers import Identifier
from interconn.standard.patterns import pattern
from interconn.standard.wire import WireModel


class ModelApply(WireModel):
    """Application for the use of a model (MGT-9.1).

    Attributes:
        apply_project_id: the project in which the model will be used, not the one that produced it.
        digest: of the model; its form is open in the standard, ours is lower-case hex SHA-256.
        task_id: the task that produced it; a ready-made model has none.
    """

    apply_project_id: Identifier
    audit_id: Identifier
    digest: (
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=256,
                pattern=pattern(r"^[\x21-\x7e]+$", "a digest is of visible ASCII characters"),
            ),
        ]
        | None
    ) = None
    model_id: Identifier
    task_id: Identifier | None = None
