"""Writes docs/access.md from the roles and the table of calls; a test fails while the page is stale.

.venv/bin/python tools/access_page.py
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import interconn.api
from interconn.api.audits import AuditKind
from interconn.api.roles import MEANING, Role
from interconn.api.rules import DECIDERS, RULES
from interconn.standard import control
from interconn.standard.endpoint import Endpoint

PAGE = Path(__file__).parents[1] / "docs" / "access.md"

HEAD = """\
# Who may do what

Every call of a node's own API is made by somebody: a person with one or more roles, known by a token. What the table below does not give to a role, nobody with that role may do; a call that is not in the table, nobody may make. This page is made by `tools/access_page.py` from `interconn.api.rules`; why it is so: [decision 11](decisions/0011-access.md).

## People and tokens

`interconn node init` makes one token, in `admin.token` of the node's home. It has every role and names nobody, so that a newcomer can begin. Where several people work with a node, give each a name:

```bash
interconn user add ada --role admin
interconn token create --user ada --file ada.token        # mode 0600; hand it over by a safe way
interconn token revoke bootstrap --token-file ada.token   # the node warns while it is in force beside people
interconn user add ann --role data_owner --dataset loans --token-file ada.token
interconn token create --user ann --file ann.token --token-file ada.token
```

Whoever gets a token replaces it first: `interconn token rotate --token-file ann.token` writes a new one into the same file, which nobody else has seen. `INTERCONN_TOKEN_FILE` spares the option, for the command line and for `interconn.client`.

- A token has 256 random bits and is shown once. The node keeps its SHA-256, its public id, and when it was last used, to the minute.
- It lasts 90 days unless `--expires` says otherwise, 366 at most (`[access]` in [configuration.md](configuration.md)).
- `--role` narrows it to some of its person's roles, `--read-only` to the calls that change nothing. A narrow token makes no wider one, nor takes the place of one.
- `token revoke` and `user disable` take effect with the next call; what the holder was waiting for is broken off. `user roles` takes effect with the next call too, for all tokens.
- Nobody gives roles to oneself. `admin` goes with neither `data_owner` nor `approver`, and an `auditor` is nothing else; a house too small for that sets `[access] separate_duties = false`.
- Several tokens of one person are one person: the audit trail says `person:ann`, and a second opinion takes a second person.
- The last token that may manage people cannot be ended. If it is lost: write a new token (`interconn_bootstrap_` and 43 letters of base64url) into `admin.token` and restart the node; the audit trail says so.

## Too often, and wrong

Calls are bounded for each token and for each address (HTTP 429, code 42910, `Retry-After`). After five wrong presentations of a token from an address, that token is refused from that address, for one second, then two, and so on up to a quarter of an hour; from elsewhere it works, and other tokens work from there. Wrong presentations are in the audit trail as `token.refused`, the first of each pair and those that led to a refusal, at most one a minute after the first twenty, with the number of those left out.

## Browsers

The admin listener answers requests that name it by an address, `localhost`, or a name in `[admin] hosts`, and none that come from a page of another site. A token in an address (`?token=…`) is refused, as addresses are logged.

## Roles

| role | what it is for |
|---|---|
"""

DECISIONS = """\

What a partner applied for is decided by:

| approval | role |
|---|---|
"""

CALLS = """\

A data owner with named data sets decides on those alone. Approvals of this node's own applications are given back by an operator. A partner's fingerprint is given by an admin or approver, with `peer apply` too.

## Calls

| call | HTTP | changes something | {roles} |
|---|---|---|{lines}|
"""


def rows() -> list[Endpoint[Any, Any]]:
    """Return every call of a node's own API."""
    found: list[Endpoint[Any, Any]] = []
    for module in pkgutil.iter_modules(interconn.api.__path__, "interconn.api."):
        found += getattr(importlib.import_module(module.name), "ENDPOINTS", ())
    return [*found, *control.NORTH_SOUTH]


def page() -> str:
    """Return the page as it should be."""
    roles = "".join(f"| `{role.value}` | {meaning} |\n" for role, meaning in MEANING.items())
    decisions = "".join(f"| {kind.value} | `{DECIDERS[kind].value}` |\n" for kind in AuditKind)
    heading = CALLS.format(roles=" | ".join(role.value for role in Role), lines="|".join("---" for _ in Role))
    return HEAD + roles + DECISIONS + decisions + heading + "".join(_row(row) for row in sorted(rows(), key=_place))


def _place(row: Endpoint[Any, Any]) -> int:
    return list(RULES).index(row.name)


def _row(row: Endpoint[Any, Any]) -> str:
    rule = RULES[row.name]
    marks = " | ".join("yes" if role in rule.roles else "" for role in Role)
    name = row.name.removeprefix("own.")
    return f"| `{name}`: {row.summary} | {row.method} `{row.path}` | {'yes' if rule.changes else ''} | {marks} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
