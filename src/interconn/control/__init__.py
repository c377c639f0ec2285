"""The control layer: runs jobs between nodes, task after task, as scheduler and as participant (CTL-1)."""

from interconn.control.admission import Admission, DataCatalogue
from interconn.control.service import Control

__all__ = ["Admission", "Control", "DataCatalogue"]
