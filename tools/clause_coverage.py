"""Which clauses of the standard are named in tests, and which are not.

    .venv/bin/python tools/clause_coverage.py [--page] [--missing] [LAYER …]

Reads the catalogue (one YAML file a layer) from the folder INTERCONN_SHARED/standard, by default the one
beside the repository. Being named is not being tested well; not being named is not being tested by name.
`--page` writes docs/clauses.md, `--missing` lists what no test names.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
SHARED = Path(os.environ.get("INTERCONN_SHARED", REPOSITORY.parent / "shared"))
PAGE = REPOSITORY / "docs" / "clauses.md"
IDENTIFIER = re.compile(r"[A-Za-z0-9]+")

HEAD = """\
# Clauses and tests

Which tests name which clause of the standard's catalogue, in their names or in what they check. Made by `make coverage-clauses`. A clause counts as named if its id is written out (`MGT-2.2-replay`) or is part of a test's name (`test_mgt_2_2_replay_…`).
"""


def catalogue() -> dict[str, dict[str, str]]:
    """Return id and title of every clause, by layer."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((SHARED / "standard").glob("*.yaml")):
        clauses = yaml.safe_load(file.read_text())["clauses"]
        found[file.stem] = {clause["id"]: clause.get("title", "") for clause in clauses}
    return found


def named_in(tests: Path, identifiers: Iterable[str]) -> dict[str, list[str]]:
    """Return the test files that name each clause."""
    patterns = {identifier: _pattern(identifier) for identifier in identifiers}
    found: dict[str, list[str]] = {identifier: [] for identifier in patterns}
    for file in sorted(tests.rglob("*.py")):
        text = file.read_text()
        for identifier, pattern in patterns.items():
            if pattern.search(text):
                found[identifier].append(file.relative_to(tests).as_posix())
    return found


def _pattern(identifier: str) -> re.Pattern[str]:
    # Written out: not the beginning of a longer id. In a test's name, where words follow, that cannot be told.
    words = "_".join(part.lower() for part in IDENTIFIER.findall(identifier))
    return re.compile(rf"(?<![\w.-]){re.escape(identifier)}(?![\w-]|\.\d)|def test_(?:\w+_)?{words}(?=[_(])")


def page(layers: dict[str, dict[str, str]], named: dict[str, list[str]]) -> str:
    """Return docs/clauses.md."""
    parts = [HEAD]
    for layer, clauses in layers.items():
        reached = sum(bool(named[identifier]) for identifier in clauses)
        parts.append(f"## {layer}: {reached} of {len(clauses)}\n\n| clause | title | tests |\n|---|---|---|")
        for identifier, title in clauses.items():
            files = ", ".join(named[identifier])
            parts[-1] += f"\n| {identifier} | {title.replace('|', '/')} | {files} |"
        parts[-1] += "\n"
    return "\n".join(parts)


def main() -> None:
    """Print the coverage of each layer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("layers", nargs="*", help="layers to look at; all by default")
    parser.add_argument("--missing", action="store_true", help="list what no test names")
    parser.add_argument("--page", action="store_true", help="write docs/clauses.md")
    options = parser.parse_args()
    layers = catalogue()
    if not layers:
        sys.exit(f"no catalogue in {SHARED / 'standard'}; set INTERCONN_SHARED")
    named = named_in(REPOSITORY / "tests", [identifier for clauses in layers.values() for identifier in clauses])
    if options.page:
        PAGE.write_text(page(layers, named))
    for layer, clauses in layers.items():
        if options.layers and layer not in options.layers:
            continue
        missing = [identifier for identifier in clauses if not named[identifier]]
        sys.stdout.write(f"{layer:12} {len(clauses) - len(missing):4} of {len(clauses):4} clauses named in tests\n")
        if options.missing:
            sys.stdout.writelines(f"  {identifier:32} {clauses[identifier]}\n" for identifier in missing)


if __name__ == "__main__":
    main()
