"""The command line: one small module a noun; speaks to a node through its client.

Help must come within 0.3 s, so what is not needed to parse a command is imported inside it.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments of this process name, and end with its exit status."""
    from interconn.cli.application import run

    sys.exit(run(sys.argv[1:]))
