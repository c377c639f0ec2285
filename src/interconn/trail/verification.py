"""An export verified offline: against itself, and against what partners hold.

The exporting node is not asked and nothing of it is needed. Entries are read one at a time; of each, 32 bytes stay
in memory, to hold heads against. The first entry at fault is named; what follows it is not believed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from interconn.standard.errors import BadSignature, InterconnError, InvalidRequest
from interconn.standard.trail import Head, Receipt
from interconn.standard.wire import validate
from interconn.trail import document, evidence
from interconn.trail.chain import GENESIS, link
from interconn.trail.heads import check_head, check_receipt
from interconn.trail.keys import KeyHistory

WRONG_KEY: Final = "contract.wrong_key"
"""Its evidence is signed with a key that was not expected, which is what the entry is about."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with an export.

    Attributes:
        entry: number of the first entry at fault; None where it is none of an entry.
        message: a sentence for a person.
    """

    entry: int | None
    message: str


@dataclass
class Report:
    """What was found in an export."""

    file: str
    node_id: str = ""
    entries: int = 0
    omitted: int = 0
    first: int = 0
    last: int = 0
    partial: bool = False
    proofs: int = 0
    withheld: int = 0
    heads: int = 0
    receipts: int = 0
    held_by: list[str] = field(default_factory=list)
    own_keys: list[str] = field(default_factory=list)
    partner_keys: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fault: Fault | None = None


class _Broken(Exception):
    def __init__(self, message: str, entry: int | None = None) -> None:
        super().__init__(message)
        self.fault = Fault(entry, message)


class _Chains:
    """The hash of every entry read, 32 bytes each."""

    def __init__(self, first: int) -> None:
        self.first = first
        self._bytes = bytearray()

    def append(self, chain: str, times: int = 1) -> None:
        # Of a gap only the last hash is known.
        self._bytes += b"\0" * 32 * (times - 1) + bytes.fromhex(chain)

    def get(self, number: int) -> str | None:
        place = (number - self.first) * 32
        found = self._bytes[place : place + 32] if place >= 0 else b""
        return found.hex() if len(found) == 32 and any(found) else None


def verify(path: Path, foreign: Iterable[Head] = (), progress: Callable[[int], None] = lambda _: None) -> Report:
    """Verify an export.

    Args:
        path: of the file.
        foreign: heads of this trail as others hold them (`held`).
        progress: told the number of each entry read.

    Returns:
        What was found; `fault` is None where nothing is wrong.
    """
    report = Report(path.name)
    try:
        _Verification(path, report, list(foreign), progress).run()
    except _Broken as broken:
        report.fault = broken.fault
    except InvalidRequest as error:
        report.fault = Fault(report.last + 1 if report.entries else None, error.message)
    return report


def held(path: Path) -> list[Head]:
    """Return the heads in a file: an export, or a single head as JSON; each proves itself by its signature.

    Raises:
        InterconnError: one is none, or its signature is wrong.
    """
    found: list[Head] = []
    try:
        records: Iterable[Any] = [record for _, record in document.read(path)]
    except InvalidRequest:
        records = _single(path)
    for record in records:
        if record.get("record", document.HELD) in (document.HELD, document.HEAD):
            head = validate(Head, record)
            check_head(head)
            found.append(head)
    return found


def is_export(path: Path) -> bool:
    """Tell whether a file begins as an export does."""
    try:
        _, first = next(document.read(path), (b"", {}))
    except InvalidRequest:
        return False
    return first.get("record") == document.BEGIN


def _single(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text())
    except (ValueError, RecursionError):
        raise InvalidRequest("it holds neither an export nor a head", where=path.name) from None
    found = found.get("head", found) if isinstance(found, dict) else found
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


class _Verification:
    def __init__(self, path: Path, report: Report, foreign: list[Head], progress: Callable[[int], None]) -> None:
        self._path = path
        self._report = report
        self._foreign = foreign
        self._progress = progress
        self._count = document.LineCount()
        self._newest: Head | None = None

    def run(self) -> None:
        lines = document.read(self._path)
        line, begin = next(lines, (b"", {}))
        self._begin(begin)
        self._count.add(line)
        ended = False
        for line, record in lines:
            if ended:
                raise _Broken("something follows the end of the export")
            ended = record["record"] == document.END
            if ended:
                self._end(record)
            else:
                self._one(record)
                self._count.add(line)
        self._conclude(ended)

    # --- in the order of the file ---------------------------------------------------------------------------

    def _begin(self, record: Mapping[str, Any]) -> None:
        if (record.get("record"), record.get("format")) != (document.BEGIN, document.FORMAT):
            raise _Broken("it does not begin as an export of an audit trail does")
        if record.get("version") != document.VERSION:
            raise _Broken(f"the export has version {record.get('version')}; this software knows {document.VERSION}")
        report = self._report
        try:
            report.node_id, report.partial = str(record["node_id"]), bool(record["partial"])
            self._first, self._last = int(record["first"]), int(record["last"])
            self._previous = str(record["previous"])
        except (KeyError, TypeError, ValueError):
            raise _Broken("its first line lacks what an export begins with") from None
        if not report.partial and (self._first, self._previous) != (1, GENESIS):
            raise _Broken("it says that it is complete and does not begin with the first entry", 1)
        if self._first == 1 and self._previous != GENESIS:
            raise _Broken("the first entry of a trail follows nothing", 1)
        report.first, report.last = self._first, self._first - 1
        self._foreign = [head for head in self._foreign if head.node_id == report.node_id]
        self._keys = KeyHistory(complete=self._first == 1 and record.get("partner") is None)
        self._chains = _Chains(self._first)

    def _one(self, record: Mapping[str, Any]) -> None:
        kind = record["record"]
        if kind not in (document.ENTRY, document.OMITTED):
            self._require_all_entries()
        if kind == document.ENTRY:
            self._entry(record)
        elif kind == document.OMITTED:
            self._omitted(record)
        elif kind == document.HEAD:
            self._head(record)
        elif kind == document.HELD:
            self._held(record)
        elif kind == document.RECEIPT:
            self._receipt(record)
        else:
            raise _Broken(f"there is no record called {kind}", self._report.last + 1)

    def _entry(self, record: Mapping[str, Any]) -> None:
        number = self._expect(_number(record))
        entry = {name: value for name, value in record.items() if name != "record"}
        try:
            hashed = link(entry)
        except (InterconnError, TypeError, ValueError, RecursionError):
            raise _Broken(f"entry {number} is not complete", number) from None
        self._follow(number, entry["previous"], entry.get("chain"))
        if hashed != entry["chain"]:
            raise _Broken(f"entry {number} was changed: its hash is another", number)
        self._advance(number, entry["chain"])
        self._report.entries += 1
        self._keys.learn(entry)
        if entry["version"] == 1:
            if entry.get("evidence"):
                raise _Broken(f"entry {number} is of version 1, which keeps no evidence", number)
        else:
            self._prove(number, entry)
        self._progress(number)

    def _prove(self, number: int, entry: Mapping[str, Any]) -> None:
        try:
            proven = evidence.check(entry, node_id=self._report.node_id)
            if proven:
                self._report.proofs += 1
                if entry["action"] != WRONG_KEY:
                    self._keys.require(*proven, number)
        except (InterconnError, TypeError, AttributeError) as error:
            raise _Broken(f"entry {number}: the proof kept does not hold: {error}", number) from None
        self._report.withheld += bool(entry["evidence"].get("withheld"))

    def _omitted(self, record: Mapping[str, Any]) -> None:
        try:
            first, last, chain = int(record["from"]), int(record["to"]), str(record["chain"])
            bytes.fromhex(chain)
        except (KeyError, TypeError, ValueError):
            raise _Broken("a gap is not complete", self._report.last + 1) from None
        self._expect(first)
        self._follow(first, record.get("previous"), chain)
        if not first <= last <= self._last:
            raise _Broken(f"the gap from {first} to {last} is none", first)
        self._advance(last, chain, last - first + 1)
        self._report.omitted += last - first + 1
        self._report.partial = True

    def _expect(self, number: int | None) -> int:
        expected = self._report.last + 1
        if expected > self._last:
            raise _Broken(f"an entry stands behind {self._last}, which the export names as its last one", expected)
        if number != expected:
            found = "there is one without a number" if number is None else f"entry {number} stands there"
            raise _Broken(f"entry {expected} is not where it should be: {found}", expected)
        return expected

    def _follow(self, number: int, previous: Any, chain: Any) -> None:
        if previous != self._previous:
            raise _Broken(f"entry {number} does not follow from the one before it", number)
        if not isinstance(chain, str) or len(chain) != 64:
            raise _Broken(f"entry {number} has no hash", number)

    def _advance(self, number: int, chain: str, times: int = 1) -> None:
        self._chains.append(chain, times)
        self._previous, self._report.last = chain, number

    def _head(self, record: Mapping[str, Any]) -> None:
        head = self._signed(Head, record, check_head)
        if head.node_id != self._report.node_id:
            raise _Broken(f"a head of {head.node_id} is called one of this trail")
        self._newest = head if self._newest is None else max(self._newest, head, key=lambda one: one.number)
        self._compare(head, "the node itself signed")
        self._report.heads += 1
        if head.fingerprint not in self._report.own_keys:
            self._report.own_keys.append(head.fingerprint)

    def _held(self, record: Mapping[str, Any]) -> None:
        head = self._signed(Head, record, check_head)
        self._require(head.node_id, head.fingerprint)
        if record.get("contradicts") and not record.get("settled_at"):
            self._report.notes.append(f"the head of entry {head.number} of {head.node_id} contradicts an earlier one")

    def _receipt(self, record: Mapping[str, Any]) -> None:
        receipt = self._signed(Receipt, record, check_receipt)
        self._require(receipt.holder, receipt.fingerprint)
        if receipt.node_id != self._report.node_id:
            raise _Broken(f"a receipt of {receipt.holder} is for the trail of {receipt.node_id}")
        if receipt.contradicts:
            self._report.notes.append(f"{receipt.holder} says that the head of entry {receipt.number} contradicts")
        self._compare(receipt, f"{receipt.holder} has confirmed to hold")
        self._report.receipts += 1
        if receipt.holder not in self._report.held_by:
            self._report.held_by.append(receipt.holder)

    def _signed(self, model: type[Any], record: Mapping[str, Any], check: Callable[[Any], Any]) -> Any:
        try:
            signed = validate(model, dict(record))
            check(signed)
        except InterconnError as error:
            raise _Broken(f"a {record['record'].replace('_', ' ')} does not hold: {error.message}") from None
        return signed

    def _require(self, node_id: str, fingerprint: str) -> None:
        try:
            self._keys.require(node_id, fingerprint, self._report.last)
        except BadSignature as error:
            raise _Broken(error.message) from None

    def _end(self, record: Mapping[str, Any]) -> None:
        if (record.get("lines"), record.get("digest")) != (self._count.lines, self._count.digest):
            raise _Broken("the file was changed after it was written: its last line names another digest")

    # --- against heads --------------------------------------------------------------------------------------

    def _compare(self, told: Head | Receipt, who: str) -> None:
        if told.number == 0 or told.number < self._first:
            return
        known = self._chains.get(told.number)
        if known is not None and known != told.chain:
            raise _Broken(
                f"the entries up to {told.number} were rewritten: {who} another hash of that entry",
                self._changed_before(told.number),
            )
        if known is None and told.number > self._report.last and self._last_is_newest():
            raise _Broken(
                f"the tail is cut: entry {self._report.last + 1} is missing, and {who} a head of entry {told.number}",
                self._report.last + 1,
            )

    def _last_is_newest(self) -> bool:
        # An export by time may end before the newest entry; it then says so.
        return not self._report.partial or self._newest is None or self._last >= self._newest.number

    def _changed_before(self, number: int) -> int:
        """Return the entry after the newest one before `number` on which others still agree."""
        agreed = [
            head.number
            for head in self._foreign
            if head.number < number and self._chains.get(head.number) == head.chain
        ]
        return max(agreed, default=self._first - 1) + 1

    def _require_all_entries(self) -> None:
        last = self._report.last
        if last < self._last:
            raise _Broken(f"entry {last + 1} is missing: the export names {self._last} as its last one", last + 1)

    def _conclude(self, ended: bool) -> None:
        report = self._report
        self._require_all_entries()
        if not ended:
            raise _Broken("the file ends before the export does", report.last + 1)
        if self._newest is None:
            raise _Broken("the export has no signed head", report.last + 1)
        if not report.partial and self._newest.number != report.last:
            raise _Broken(
                f"its newest head is of entry {self._newest.number}, and it ends with {report.last}", report.last + 1
            )
        for head in sorted(self._foreign, key=lambda one: one.number):
            if head.fingerprint not in report.own_keys:
                raise _Broken(
                    f"a partner holds a head of entry {head.number} signed with key {head.fingerprint}, which this "
                    "export does not name: either the trail was replaced or the partner's file is false"
                )
            self._compare(head, "a partner holds")
        report.partner_keys = self._keys.listed()
        if report.partial:
            report.notes.append(
                f"a part: entries {report.first} to {report.last}"
                + (f", {report.omitted} of them left out" if report.omitted else "")
            )
        if report.withheld:
            report.notes.append(f"{report.withheld} bodies are kept without the secrets in them")


def _number(record: Mapping[str, Any]) -> int | None:
    number = record.get("number", record.get("from"))
    return number if isinstance(number, int) and not isinstance(number, bool) else None
