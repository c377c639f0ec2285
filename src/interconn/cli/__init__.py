"""The command line: one small module a noun; speaks to a node through its client.

Help must come within 0.3 s, so what is not needed to parse a command is imported inside it.
"""

from __future__ import annotations

import sys
from typing import Final

_INSTALL: Final = "pip install 'interconn[node]'"


def main() -> None:
    """Run the command that the arguments of this process name, and end with its exit status."""
    try:
        from interconn.cli.application import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("interconn"):
            raise
        # A component image has the base alone, which brings the command's name but not what the command is made of.
        sys.exit(f"error: {missing.name} is not installed: this is interconn without a node\nnext: {_INSTALL}")
    sys.exit(run(sys.argv[1:]))
