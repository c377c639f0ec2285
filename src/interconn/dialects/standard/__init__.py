"""The dialect of a peer that follows InterOp v1.2.0 to the letter."""

from interconn.dialects.standard.calls import STANDARD

__all__ = ["STANDARD"]
