"""Connections to partners' nodes: kept between calls, and given up when something is trusted no more."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence

import aiohttp


class Connections:
    """A pool of connections, which asks for each new one how partners' servers are trusted by now.

    Args:
        tls: returns how partners' servers are trusted; another context than before ends all connections that were
            made under the earlier one.
        unasked: headers that aiohttp would add to each request.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], *, unasked: Sequence[str]) -> None:
        self._tls = tls
        self._unasked = tuple(unasked)
        self._session: aiohttp.ClientSession | None = None
        self._made_under: ssl.SSLContext | None = None

    async def session(self) -> aiohttp.ClientSession:
        """Return what makes requests over the pool."""
        await self.renew()
        if self._session is None:
            self._made_under = self._tls()
            connector = aiohttp.TCPConnector(limit=0, limit_per_host=64, ssl=self._made_under, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),  # a partner sets nothing here
                skip_auto_headers=self._unasked,
            )
        return self._session

    async def renew(self) -> None:
        """End the connections if trust is another by now: who calls over them sees a partner that went away."""
        if self._session is not None and self._made_under is not self._tls():
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
