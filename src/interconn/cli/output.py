"""What a person or a machine is shown."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interconn.cli.wording import say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from interconn.standard.wire import WireModel

PATIENCE_SECONDS = 1.5
"""Nobody is left without a sign of life for more than two seconds."""
_BLANKS = "\u3000\xa0"
"""Blanks of other scripts, which a terminal takes for no command."""
PIPE_WIDTH = 4096
"""A pipe has no width; cutting lines there would lose what a script looks for."""


def plain(text: str, *, lines: bool = False) -> str:
    """Return a text as a terminal may be given it: what would command the terminal is shown as an escape.

    Names, reasons and logs come from partners and their components: with a colour, a cursor that goes up, or
    letters that run from right to left, they could show a person another fingerprint than there is.

    Args:
        text: of whomever.
        lines: whether line feeds and tabs stay.
    """
    stay = _BLANKS + ("\n\t" if lines else "")
    return "".join(letter if letter.isprintable() or letter in stay else ascii(letter)[1:-1] for letter in text)


def print_json(value: Any) -> None:
    """Print a value for a machine."""
    print(json_text(value, indent=2))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return JSON that commands no terminal either: JSON escapes control characters, but not all there are."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(letter if letter.isprintable() or letter in f"{_BLANKS}\n" else _escaped(letter) for letter in text)


def print_reply(reply: WireModel) -> None:
    """Print what a node answered, for a machine."""
    print_json(reply.to_wire())


def print_picture(svg: str, output: Path | None) -> None:
    """Write a picture to a file, which is replaced, or print it."""
    if output is None:
        print(svg, end="")
        return
    output.write_text(svg, encoding="utf-8")
    print(say("the picture is in {path}", path=output))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows under a heading, or a sentence where there are none.

    On a terminal that is too narrow for them each row is a card: ids cut into pieces of eight letters can be
    neither read nor copied.
    """
    if not rows:
        print(empty)
        return
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console = _console()
    unbounded = console.options.update(max_width=PIPE_WIDTH)
    if Measurement.get(console, unbounded, table).maximum <= console.width:
        _print(table)
        return
    for number, row in enumerate(rows):
        if number:
            print()
        print_card("", list(zip(columns, row, strict=True)))


def print_card(title: str, pairs: Sequence[tuple[str, object]]) -> None:
    """Print one thing: its name, and below it what is known of it; empty values are left out."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, "", [], {}):
            table.add_row(name, _cell(value))
    if title:
        _console().print(plain(title), style="bold", markup=False, highlight=False)
    _print(table)


def print_next(text: str) -> None:
    """Print what a person may do next."""
    print(f"{say('next')}: {plain(text)}")


def instant(milliseconds: int | None) -> str:
    """Return an instant in epoch milliseconds as local time."""
    if milliseconds is None:
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def short(digest: str) -> str:
    """Return the beginning of a digest, enough to tell two apart at a glance."""
    return f"{digest[:16]}…" if len(digest) > 16 else digest


@contextlib.contextmanager
def patience(text: str = "") -> Iterator[None]:
    """Show on a terminal that work goes on, once it takes long; print nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    spinner = threading.Thread(target=_spin, args=(text or say("waiting for the node"), done), daemon=True)
    spinner.start()
    try:
        yield
    finally:
        done.set()
        spinner.join()


class Progress:
    """Shows on a terminal how many are done, once it takes long; prints nothing elsewhere.

    Args:
        what: is counted.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = self._shown = time.monotonic()
        self._visible = False

    def __call__(self, done: int, of: int | None = None) -> None:
        """Take note of how many are done, of how many."""
        now = time.monotonic()
        if now - self._shown < PATIENCE_SECONDS / 3 or now - self._begun < PATIENCE_SECONDS:
            return
        self._shown = now
        if sys.stderr.isatty():
            self._visible = True
            print(f"\r{done}{f' / {of}' if of else ''} {self._what}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._visible:
            print(file=sys.stderr)


def _spin(text: str, done: threading.Event) -> None:
    if done.wait(PATIENCE_SECONDS):
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        done.wait()


def _print(table: Table) -> None:
    console = _console()
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        print(line.rstrip())


def _console() -> Console:
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, list | tuple | set | frozenset):
        return escape(plain(", ".join(str(part) for part in value)))
    return "" if value is None else escape(plain(str(value)))


def _escaped(letter: str) -> str:
    # JSON writes what lies beyond 16 bits as two halves.
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
