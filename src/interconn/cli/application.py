"""The command and its nouns; how every command ends: result, usage error, or an error with its next step."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from interconn import __version__
from interconn.cli.options import example
from interconn.cli.wording import say
from interconn.standard.errors import InterconnError

OK = 0
FAILED = 1
USAGE = 2
ARGUMENTS = "arguments"  # where the client says that an error lies which arguments make
INTERRUPTED = 130  # as a shell reports SIGINT

NOUNS = {
    "demo": "Run the demonstration: three institutions on this machine, a real job, the result checked.",
    "node": "Make, run and look at this institution's node.",
    "peer": "Partners and the contracts with them.",
    "dataset": "Data sets: own ones, and those that partners publish.",
    "audit": "Approvals that partners ask of each other, and the audit trail.",
    "permit": "Permits that partners gave this node.",
    "grant": "What this node granted to partners.",
    "preauthorisation": "What partners without a management plane may do here.",
    "policy": "The declared policy: what rules decide, and what needs two persons.",
    "project": "Projects with partners.",
    "component": "Components that nodes can run.",
    "flow": "Flows: how components are combined.",
    "job": "Jobs: proposed, approved, run.",
    "result": "Results of jobs that wait for a release.",
    "model": "Models: own ones, and the use of partners'.",
    "state": "What this node and a partner believe of each other.",
    "why": "Whom something waits for, since when, and what to do.",
    "session": "Transport sessions.",
    "user": "The node's own people, and what each may do.",
    "token": "Tokens by which people are known to the node.",
    "lab": "Networks of nodes on this machine.",
}

app = App(
    name="interconn",
    help="An open node for the interconnection standard of the financial industry (InterOp v1.2.0).",
    help_epilogue=example("demo"),
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
for _noun, _help in NOUNS.items():
    app.command(f"interconn.cli.nouns.{_noun}:app", name=_noun, help=say(_help))


def run(arguments: Sequence[str]) -> int:
    """Run a command.

    Args:
        arguments: what followed the command's name.

    Returns:
        The exit status: 0, 1 for an error or a result that is not right, 2 for wrong usage, 130 for Ctrl-C.
    """
    machine = "--json" in arguments
    try:
        _end_as_by_ctrl_c(signal.SIGTERM, signal.SIGHUP)
        result = app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _complain(machine, "Usage", str(error), say("'interconn --help' and 'interconn NOUN VERB --help' show how"))
        return USAGE
    except KeyboardInterrupt:
        print(say("interrupted"), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has enough; the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except InterconnError as error:
        if error.where == ARGUMENTS:
            _complain(machine, "InvalidRequest", error.message, say("The command's --help says what is expected"))
            return USAGE
        _tell(machine, error)
        return FAILED
    except OSError as error:
        _tell(machine, InterconnError(error.strerror or str(error), where=str(error.filename or "")))
        return FAILED
    except ValueError as error:
        _complain(machine, "InvalidRequest", _description(error), say("The command's --help says what is expected"))
        return USAGE
    return result if isinstance(result, int) else OK


def _end_as_by_ctrl_c(*numbers: signal.Signals) -> None:
    """Let a command that is told to end clean up behind itself; a running node has handlers of its own."""
    if threading.current_thread() is threading.main_thread():
        for number in numbers:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)


def _tell(machine: bool, error: InterconnError) -> None:
    from interconn.cli.output import json_text, plain

    if machine:
        print(json_text({"error": error.to_json()}))
        return
    where = f"{error.where}: " if error.where else ""
    clause = f" [{error.clause}]" if error.clause else ""
    # A partner's refusal is passed on in its own words.
    print(f"{say('error')}: {plain(where + error.message, lines=True)}{clause}", file=sys.stderr)
    if error.hint:
        print(f"{say('next')}: {plain(error.hint, lines=True)}", file=sys.stderr)


def _description(error: ValueError) -> str:
    """Return what a validation error says of the members at fault; any other ValueError is a fault of ours."""
    from pydantic import ValidationError

    from interconn.standard.wire import describe

    if not isinstance(error, ValidationError):
        raise error
    return describe(error)


def _complain(machine: bool, kind: str, message: str, hint: str) -> None:
    if machine:
        print(json.dumps({"error": {"error": kind, "message": message, "hint": hint}}, ensure_ascii=False))
    else:
        print(f"{say('error')}: {message}", file=sys.stderr)
        print(f"{say('next')}: {hint}", file=sys.stderr)
