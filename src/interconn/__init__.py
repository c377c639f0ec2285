"""interconn: an open node and toolkit for the interconnection standard of the financial industry (InterOp v1.2.0)."""

__version__ = "0.1.0"
