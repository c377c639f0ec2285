"""Where the sources of a job lie: data sets and models, for the control layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from interconn.components.environment import MODEL_MEMBER
from interconn.management.datasets.catalogue import Catalogue
from interconn.management.models.registry import Models


class Sources:
    """Finds what a job's parameters refer to; `interconn.control.admission.DataCatalogue`.

    Args:
        catalogue: data sets.
        models: models.
    """

    def __init__(self, catalogue: Catalogue, models: Models) -> None:
        self._catalogue = catalogue
        self._models = models

    def locate(self, session: Session, *, reference: Mapping[str, Any]) -> tuple[str, str]:
        """Return namespace and name in storage of a data set or a model of this node (resolution 9).

        Raises:
            NotFound: this node has none such.
        """
        if MODEL_MEMBER not in reference:
            return self._catalogue.locate(session, reference=reference)
        model = self._models.released(session, str(reference[MODEL_MEMBER]))
        return model.namespace, model.stored_name
