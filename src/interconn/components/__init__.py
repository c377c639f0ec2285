"""The component layer: which components there are, how they are launched, and what environment they get (CMP-1)."""

from interconn.components.registry import Registry
from interconn.components.service import Components

__all__ = ["Components", "Registry"]
