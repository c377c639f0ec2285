"""Who is let in by the admin listener: a token, known, live, and not presented too often."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from interconn.access.attempts import Attempts
from interconn.access.people import roles_of, status_of
from interconn.access.policy import Policy
from interconn.access.rates import Buckets
from interconn.access.tables import Token
from interconn.access.token_text import Presented, present
from interconn.api.own import Person
from interconn.standard.errors import BadToken, TooManyRequests
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.trail import entries

log = structlog.get_logger()

Answer = TypeVar("Answer")

USED_RESOLUTION = 60_000
"""How exactly the last use of a token is kept, milliseconds: not every look is to be a write."""


class Door:
    """Admits the holders of tokens.

    Args:
        database: where tokens are.
        clock: time.
        policy: bounds.
    """

    def __init__(self, *, database: Database, clock: Clock, policy: Policy) -> None:
        self._database = database
        self._clock = clock
        self._attempts = Attempts(clock, failures=policy.failures, lockout_seconds=policy.lockout_seconds)
        self._addresses = Buckets(policy.address_rate, clock)
        self._tokens = Buckets(policy.token_rate, clock)
        self._inside: dict[str, set[asyncio.Task[Any]]] = defaultdict(set)

    async def admit(self, authorization: str, *, address: str, trace_id: str) -> Person:
        """Return who asks.

        Args:
            authorization: the header as presented.
            address: where the call comes from, as the connection says.
            trace_id: of the chain of calls.

        Raises:
            BadToken: no, a wrong, or no longer a valid token.
            TooManyRequests: too many calls from there or with this token, or too many wrong tokens before.
        """
        source = _source(address)
        _take(self._addresses, source, "from this address")
        presented = present(authorization)
        self._attempts.require_patience(source, presented.token_id)
        token = await self._database.read(lambda session: _token(session, presented.token_id))
        if not presented.is_that_of(token.digest if token else None) or token is None:
            await self._turn_away(source, presented, "wrong" if token else "unknown")
            raise BadToken("this token is not known here", where="authorization", hint="interconn token list")
        self._attempts.succeeded(source, presented.token_id)
        _take(self._tokens, token.token_id, "with this token")
        now = self._clock.now()
        if (status := status_of(token, now)) != "LIVE":
            if self._attempts.worth_noting():
                await self._note(source, presented, status.lower(), f"person:{token.user_name}")
            raise BadToken(
                "this token's person is kept out" if status == "DISABLED" else f"this token is {status.lower()}",
                where="authorization",
                hint="Name another with --token-file; an admin makes one: interconn token create --user NAME",
            )
        if token.last_used_at is None or now - token.last_used_at >= USED_RESOLUTION:
            await self._database.write(lambda session: _touch(session, token.token_id, now))
        return Person(
            name=token.user_name,
            trace_id=trace_id,
            roles=roles_of(token),
            token_id=token.token_id,
            datasets=None if token.user.datasets is None else frozenset(token.user.datasets),
            may_change=not token.read_only,
        )

    async def looking(self, person: Person, answer: Coroutine[Any, Any, Answer]) -> Answer:
        """Wait for an answer that changes nothing, and give it up should the person be sent away meanwhile.

        Raises:
            BadToken: the token was revoked, or its person kept out.
        """
        task = asyncio.ensure_future(answer)
        with self._counted(person.token_id, task):
            try:
                return await task
            except asyncio.CancelledError:
                caller = asyncio.current_task()
                if caller and caller.cancelling():  # it is the caller who left
                    task.cancel()
                    raise
                raise BadToken("this token has just been revoked", where="authorization") from None

    def send_away(self, token_ids: list[str]) -> None:
        """End what the holders of tokens are waiting for."""
        for token_id in token_ids:
            for task in self._inside.get(token_id, ()):
                task.cancel()

    @contextlib.contextmanager
    def _counted(self, token_id: str, task: asyncio.Task[Any]) -> Iterator[None]:
        self._inside[token_id].add(task)
        try:
            yield
        finally:
            self._inside[token_id].discard(task)
            if not self._inside[token_id]:
                del self._inside[token_id]

    async def _turn_away(self, source: str, presented: Presented, why: str) -> None:
        if self._attempts.failed(source, presented.token_id):
            await self._note(source, presented, why, "person:unknown")
        await self._attempts.slow_down()

    async def _note(self, source: str, presented: Presented, why: str, actor: str) -> None:
        unnoted, self._attempts.unnoted = self._attempts.unnoted, 0
        log.warning("token refused", token=presented.token_id, address=source, reason=why, unnoted=unnoted)

        def work(session: Session) -> None:
            entries.record(
                session,
                at=self._clock.now(),
                actor=actor[:160],
                action="token.refused",
                subject=f"token:{presented.token_id}",
                details={"address": source, "reason": why, **({"unnoted": unnoted} if unnoted else {})},
            )

        await self._database.write(work)


def _token(session: Session, token_id: str) -> Token | None:
    token = session.get(Token, token_id)
    if token:
        _ = token.user.roles  # read now: the session ends before it is asked
    return token


def _touch(session: Session, token_id: str, now: int) -> None:
    token = session.get(Token, token_id)
    if token:
        token.last_used_at = now


def _take(buckets: Buckets, key: str, whose: str) -> None:
    seconds = buckets.take(key)
    if seconds:
        raise TooManyRequests(
            f"too many calls {whose}", hint="[access] in node.toml says how many", retry_after_seconds=seconds
        )


def _source(address: str) -> str:
    # Whoever has one address of IPv6 has 2^64.
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(known) if known.is_loopback else str(ipaddress.ip_network((known, 64), strict=False))
