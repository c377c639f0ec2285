"""Writes docs/errors.md from the exception tree; a test fails while the page is stale.

.venv/bin/python tools/errors_page.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from interconn.standard import errors
from interconn.standard.transport import PtpCode

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"

HEAD = """\
# Error codes

Every reply between nodes, and of a node's own API, is the envelope `{"code", "msg", "data"}` (MGT-2.3-envelope, CTL-2.3). `code` is 0 on success; 200 of older peers is accepted (resolution 1). The standard names no other code, so these are ours; a number keeps its meaning for ever. Malformed requests are answered with HTTP 400, unproven callers with 401, callers who may not with 403, refusals that follow from the present state with 200 (resolution 25). 502 is as HTTP means it: the node that was asked is well, and the partner that it asked in turn gave no answer or a wrong one; so on a node's own API a 502 tells of the partner, and is nothing to restart the node for. `msg` is for people. `data.extension` is for machines: `error` (the name below), `code`, `message`, and where they apply `where`, `clause` and `hint`.

This page is made by `tools/errors_page.py` from `interconn.standard.errors`.
"""

TRANSPORT = """\
## Transport

Push, pop, peek, release, invoke and transport answer with the codes of the standard (TRN-XA-codes), as `TransportError` carries them.

| code | name |
|---|---|
"""


def tree(kind: type[errors.InterconnError] = errors.InterconnError) -> Iterator[type[errors.InterconnError]]:
    """Yield an error and all below it that the catalogue's module defines."""
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield from tree(inner)


def page() -> str:
    """Return the page as it should be."""
    rows = [
        f"| {kind.code} | {kind.http_status} | `{kind.__name__}` | `{kind.__mro__[1].__name__}` | {_meaning(kind)} |"
        for kind in sorted(tree(), key=lambda kind: kind.code)
    ]
    rows[rows.index(next(row for row in rows if "`InterconnError` | `Exception`" in row))] = (
        f"| {errors.InterconnError.code} | {errors.InterconnError.http_status} | `InterconnError` | |"
        " This node failed to serve the call; its log tells why, under the trace id. |"
    )
    table = "\n".join(["| code | HTTP | error | kind of | meaning |", "|---|---|---|---|---|", *rows])
    codes = "\n".join(f"| {code.value} | {code.name} |" for code in PtpCode)
    return f"{HEAD}\n## Management, control and a node's own API\n\n{table}\n\n{TRANSPORT}{codes}\n"


def _meaning(kind: type[errors.InterconnError]) -> str:
    return re.sub(r"\s+", " ", (kind.__doc__ or "").partition("\n\n")[0]).strip()


if __name__ == "__main__":
    PAGE.write_text(page())
