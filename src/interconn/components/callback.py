"""CTL-4.1: a component tells its own node how it fares. Served on the component listener alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from interconn.components.progress import advanced
from interconn.components.tables import ComponentRun
from interconn.peers.inbound import read_bounded
from interconn.standard import headers as names
from interconn.standard.control import COMPONENT_CALLBACK, ComponentCallback, ComponentStatus
from interconn.standard.envelope import Envelope
from interconn.standard.errors import BadToken, Forbidden, InterconnError
from interconn.standard.wire import canonical_json, parse_json, validate
from interconn.state.clock import Clock
from interconn.state.database import Database, announce

log = structlog.get_logger()

MAXIMUM_CALLBACK_BYTES = 64 * 1024
LONGEST_REASON = 2000


class RunListener(Protocol):
    """Who is told of runs: the control layer. Called in the transaction that records what is told."""

    def progressed(self, session: Session, run: ComponentRun) -> None:
        """A component runs, and has perhaps told its progress."""
        ...

    def launched(self, session: Session, run: ComponentRun) -> None:
        """A component that may have waited for its turn was launched."""
        ...

    def settled(self, session: Session, run: ComponentRun) -> None:
        """A component has ended; `run.status` and `run.reason` hold the outcome (resolution 26)."""
        ...


class CallbackServer:
    """Serves the callback of components.

    Args:
        database: where reports are kept.
        clock: time.
        listener: who is told.
    """

    def __init__(self, *, database: Database, clock: Clock, listener: RunListener) -> None:
        self._database = database
        self._clock = clock
        self._listener = listener

    def route(self) -> Route:
        """Return the route for the component listener."""
        return callback_route(self.receive)

    async def receive(self, report: ComponentCallback, token: str) -> None:
        """Record a report.

        Raises:
            BadToken: the token is not that of this task.
            Forbidden: the token is another party's.
        """
        now = self._clock.now()
        await self._database.write(lambda session: self._record(session, report, token, now))

    def _record(self, session: Session, report: ComponentCallback, token: str, now: int) -> None:
        run = _run_of_token(session, report.task_id, token)
        if report.role not in (run.role, f"{run.role}.{run.index}"):
            raise Forbidden(
                f"the token is that of {run.role}.{run.index}", where="role", clause=COMPONENT_CALLBACK.clause
            )
        if run.state == "ENDED" or not _says_more(run.reported, report.status):
            return
        extension = report.extension or {}
        run.reported = report.status.value
        progress = extension.get("progress")
        if isinstance(progress, dict):
            last = report.status is not ComponentStatus.RUNNING
            run.progress = advanced(run.progress or {}, progress, now, last=last) or run.progress
        if report.status is not ComponentStatus.RUNNING:
            run.reported_at = now
        if report.status is ComponentStatus.FAILED:
            run.reported_reason = reason_text(extension.get("reason"))
        self._listener.progressed(session, run)
        announce(session, run_topic(run.task_id, run.role, run.index))


def callback_route(receive: Callable[[ComponentCallback, str], Awaitable[None]]) -> Route:
    """Return the route of CTL-4.1 on a component listener.

    Args:
        receive: takes a report and the token that came with it, or refuses with an `InterconnError`.
    """

    async def serve(request: Request) -> Response:
        try:
            body = parse_json(await read_bounded(request, MAXIMUM_CALLBACK_BYTES), limit=MAXIMUM_CALLBACK_BYTES)
            report = validate(ComponentCallback, body, clause=COMPONENT_CALLBACK.clause)
            await receive(report, request.headers.get(names.PTP_TOKEN, ""))
        except ClientDisconnect:
            return Response(status_code=400)
        except InterconnError as error:
            log.info("refused", endpoint=COMPONENT_CALLBACK.name, reason=error.message, where=error.where)
            return _reply(Envelope.of_error(error), error.http_status)
        return _reply(Envelope.of({}), 200)

    return Route(COMPONENT_CALLBACK.path, serve, methods=list(COMPONENT_CALLBACK.methods))


def run_topic(task_id: str, role: str, index: int) -> str:
    """Return the signal of a run."""
    return f"run:{task_id}:{role}.{index}"


def token_digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def reason_text(reason: Any) -> str:
    """Return the reason that a component gives, as text: it may be an error's members or a sentence.

    Where it lies and what to do about it name places in this node's storage and columns of its tables, which are
    nobody else's business (MGT-G2.1.1.1-dataset); so an error has two lines, of which others are told the first.
    """
    if not isinstance(reason, dict):
        return _one_line(reason)
    message, where, hint = (_one_line(reason.get(part)) for part in ("message", "where", "hint"))
    text = f"{where}: {message}" if where else message
    text = f"{text}. {hint}" if hint else text
    return message if text == message else f"{message}\n{text[:LONGEST_REASON]}"


def told_part(reason: str) -> str:
    """Return what other nodes may know of a reason."""
    return reason.partition("\n")[0]


def own_part(reason: str) -> str:
    """Return what this node's own people may know of a reason: all."""
    return reason.rpartition("\n")[2]


def _one_line(text: Any) -> str:
    return " ".join(str(text or "").split())[:LONGEST_REASON]


def _says_more(before: str, now: ComponentStatus) -> bool:
    """A status never goes backwards and a repeated outcome changes nothing, but the worse of two wins."""
    if before == ComponentStatus.FAILED:
        return False
    return before != ComponentStatus.SUCCESS or now is ComponentStatus.FAILED


def _run_of_token(session: Session, task_id: str, token: str) -> ComponentRun:
    digest = token_digest(token)
    for run in session.scalars(select(ComponentRun).where(ComponentRun.task_id == task_id)):
        if run.token_digest and hmac.compare_digest(run.token_digest, digest):
            return run
    raise BadToken(
        "the token is not that of this task",
        where=names.PTP_TOKEN,
        clause=COMPONENT_CALLBACK.clause,
        hint="A component sends the value of config.token",
    )


def _reply(envelope: Envelope, status: int) -> Response:
    return Response(canonical_json(envelope.to_wire()), status, media_type="application/json")
