"""Help: there for every command, with an example that parses, and without what makes it slow."""

import shlex
import subprocess
import sys

import pytest
from cyclopts import App

from interconn.cli.application import NOUNS, app, run
from tests.cli.conftest import Interconn

HEAVY = {"pydantic", "urllib3", "aiohttp", "sqlalchemy", "starlette", "cryptography", "pyarrow", "interconn.api"}


def commands(found: App, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], App]:
    """Every command that does something, by its words."""
    listed = {path: found} if found.default_command else {}
    for name in found:
        if not name.startswith("-"):
            listed |= commands(found[name], (*path, name))
    return listed


COMMANDS = commands(app)


def test_every_verb_of_the_issue_is_there() -> None:
    wanted = {
        "node": "init run status fingerprint ready backup restore migrate "
        "keys rotate-key update certificate signing-request",
        "peer": "apply approve reject set terminate list show",
        "dataset": "add check publish hide describe remove list discover show request grant reject revoke",
        "audit": "list show approve reject withdraw terminate ask export verify query heads settle",
        "policy": "show check explain",
        "result": "list release refuse",
        "permit": "list renew",
        "grant": "list revoke",
        "preauthorisation": "add list revoke",
        "project": "create list discover show approve reject revoke",
        "component": "new run list disable enable lint register withdraw discover show",
        "flow": "create list approve reject lint picture revoke",
        "job": "propose approve reject run show watch why graph list stop log logs revoke",
        "model": "add share list show remove request approve reject revoke",
        "state": "diff",
        "session": "open list",
        "user": "add list roles disable enable me",
        "token": "create list revoke rotate",
        "lab": "up status session down",
    }
    pairs = {(noun, verb) for noun, verbs in wanted.items() for verb in verbs.split()}
    assert set(COMMANDS) == {*pairs, ("demo",), ("why",)}


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_the_help_of_a_command_has_an_example_that_parses(words: tuple[str, ...], interconn: Interconn) -> None:
    shown = interconn(*words, "--help")
    assert shown.status == 0
    text, _, examples = shown.out.partition("Example:")
    assert "Usage: interconn" in text
    assert examples.strip()
    for line in examples.strip().splitlines():
        name, *arguments = shlex.split(line)
        assert name == "interconn"
        command, bound, *_ = app.parse_args(arguments, exit_on_error=False, print_error=False)
        assert command is COMMANDS[words].default_command
        assert bound is not None


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_every_option_of_a_command_is_explained(words: tuple[str, ...]) -> None:
    for argument in COMMANDS[words].assemble_argument_collection(parse_docstring=True):
        if argument.show and not argument.children:
            assert argument.parameter.help, f"{argument.name} has no help"


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_every_command_takes_json(words: tuple[str, ...]) -> None:
    names = {name for argument in COMMANDS[words].assemble_argument_collection() for name in argument.names}
    assert "--json" in names


def test_help_imports_nothing_heavy() -> None:
    """One process shows the help of all nouns in turn: what none of them imports is not there at the end."""
    program = (
        "import sys; from interconn.cli.application import NOUNS, run\n"
        "for words in [], *([noun] for noun in NOUNS):\n"
        "    assert run([*words, '--help']) == 0\n"
        f"    assert not (found := {HEAVY!r} & set(sys.modules)), (words, found)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.count("Usage: interconn") == 1 + len(NOUNS)


def test_the_version_is_shown(interconn: Interconn) -> None:
    from interconn import __version__

    assert interconn("--version").out.strip() == __version__


def test_without_arguments_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: interconn" in capsys.readouterr().out
