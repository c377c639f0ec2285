"""Runs the component named by `runtime.component.name` (CMP-3.4.1): `python -m interconn.algorithms`."""

from __future__ import annotations

import os
import sys
from typing import Final

from interconn.algorithms.catalogue import load
from interconn.sdk.component import FAILED
from interconn.sdk.log import log
from interconn.standard.errors import InterconnError

_NAME: Final = "runtime.component.name"


def main() -> int:
    """Run the component and return its exit status."""
    try:
        component = load(os.environ.get(_NAME, ""))
    except InterconnError as error:
        log("ERROR", "there is no such component", reason=error.to_json())
        return FAILED
    return component.main()


if __name__ == "__main__":
    sys.exit(main())
