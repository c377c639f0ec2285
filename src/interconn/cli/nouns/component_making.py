"""`interconn component new | run`: for the author of a component; no node is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from interconn.cli.options import Flag, Several
from interconn.cli.wording import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interconn.lab.rehearsal import Performance

_LOG_LINES = 8


def new(
    name: str,
    *,
    provider: str = "example",
    title: str = "",
    folder: Path | None = None,
    json: Annotated[bool, Flag] = False,
) -> None:
    """Write the first version of a component: it runs at once, and is changed from there.

    Parameters
    ----------
    name
        Name of the component.
    provider
        Who makes it.
    title
        For people; the name by default.
    folder
        Where it goes; a folder of the component's name by default.
    json
        Print JSON for machines.
    """
    from interconn.cli.output import print_json, print_next
    from interconn.lab.scaffold import scaffold

    target = folder or Path(name)
    files = [str(file) for file in scaffold(name, provider, target, title=title)]
    if json:
        print_json({"files": files})
        return
    for file in files:
        print(file)
    print_next(f"interconn component run {target} --local")


def run(
    folder: Path,
    *,
    local: Annotated[bool, Flag] = False,
    party: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    input: Annotated[list[str], Several] = [],  # noqa: A002, B006 - what a person types; never changed
    parameter: Annotated[list[str], Several] = [],  # noqa: B006 - never changed
    command: str | None = None,
    output: Path | None = None,
    seconds: float = 600.0,
    json: Annotated[bool, Flag] = False,
) -> int:
    """Run a component here, one process a party, with simulated nodes between them.

    Each process sees what a node would give it: environment, storage, transport, callback. Ends with 1 where a party
    fails.

    Parameters
    ----------
    folder
        Folder of the component, with its self_description.json.
    local
        On this machine; on a node a component runs as part of a job.
    party
        A party that takes part, e.g. guest.0; one of each role by default.
    input
        What a party is given: PARTY.INPUT=FILE; by default what lies in data/PARTY.INPUT.csv of the folder.
    parameter
        NAME=VALUE for all parties, or PARTY.NAME=VALUE for one.
    command
        What runs it; by default this Python with component.py of the folder.
    output
        Where storage and logs of the parties go; rehearsal in the folder by default.
    seconds
        After which those that run are stopped.
    json
        Print JSON for machines.
    """
    import asyncio
    import logging
    import shlex
    import sys

    import structlog

    from interconn.cli.description_file import read_description_file
    from interconn.cli.output import print_json
    from interconn.lab.rehearsal import Rehearsal, read_cast
    from interconn.standard.errors import InvalidRequest

    if not local:
        hint = say("Add --local; on a node a component runs as part of a job: interconn job run")
        raise InvalidRequest(say("where it is to run is not said"), where="--local", hint=hint)
    description = read_description_file(folder / "self_description.json")
    parties = party or [f"{role}.0" for role in description.role_list]
    cast = read_cast(description, parties, [*_lying_there(folder, parties), *input], parameter)
    words = shlex.split(command) if command else [sys.executable, str((folder / "component.py").absolute())]
    told = (lambda party, status, extension: None) if json else _tell
    rehearsal = Rehearsal(description, words, cast, output or folder / "rehearsal", told)
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        performances = asyncio.run(rehearsal.run(seconds))
    finally:
        structlog.configure(**before)
    if json:
        print_json([_members(performance) for performance in performances])
    else:
        _show(performances)
    return 0 if all(performance.succeeded for performance in performances) else 1


def _lying_there(folder: Path, parties: Sequence[str]) -> list[str]:
    """Return what the folder's data gives to the parties, as `--input` would."""
    found = sorted(path for party in parties for path in (folder / "data").glob(f"{party}.*.*") if path.is_file())
    return [f"{path.name.rpartition('.')[0]}={path}" for path in found]


def _tell(party: str, status: str, extension: Mapping[str, Any]) -> None:
    from interconn.cli.output import plain

    progress = extension.get("progress")
    if not isinstance(progress, dict):
        print(plain(f"{party}: {status}"))
        return
    done, total = progress.get("done"), progress.get("total")
    print(plain(f"{party}: {status}, {progress.get('phase')} {done}" + (f" of {total}" if total else "")))


def _show(performances: Sequence[Performance]) -> None:
    from interconn.cli.output import plain, print_table

    print_table(
        [say("party"), say("status"), say("seconds"), say("wrote")],
        [[each.party, each.status.value, each.seconds, [*map(str, each.outputs.values())]] for each in performances],
        empty="",
    )
    for each in performances:
        if not each.succeeded:
            print(plain(f"{each.party}: {each.reason}"))
            lines = each.log.read_text(encoding="utf-8", errors="replace").splitlines() if each.log.exists() else []
            for line in lines[-_LOG_LINES:]:
                print(f"  {plain(line)}")
            print(say("its whole log is in {path}", path=each.log))


def _members(performance: Performance) -> dict[str, Any]:
    return {
        "party": performance.party,
        "status": performance.status.value,
        "reason": performance.reason,
        "seconds": performance.seconds,
        "outputs": {name: str(path) for name, path in performance.outputs.items()},
        "log": str(performance.log),
    }
