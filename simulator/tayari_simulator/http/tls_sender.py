"""Callbacks over https, behind the same interface, with aiohttp's client: slower, and only where TLS is asked for."""

from __future__ import annotations

import asyncio

import aiohttp

from tayari_simulator.http.sender import CONNECTIONS
from tayari_simulator.http.sending import MOST_ANSWER, Sending
from tayari_simulator.http.targets import is_loopback


class TlsSender:
    """Verifies certificates, except of loopback hosts: those are the developer's own; nothing leaves the machine."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, job: Sending) -> None:
        """Send a callback; its `done` is called exactly once, later."""
        task = asyncio.create_task(self._send(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop all connections."""
        for task in self._tasks:
            task.cancel()
        if self._session is not None:
            await self._session.close()

    async def _send(self, job: Sending) -> None:
        session, exchange = self._opened(), job.exchange
        job.begin()
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in exchange.request_headers
            if name.lower() != b"content-length"
        ]
        error = ""
        try:
            async with session.request(
                exchange.method,
                job.target.url,
                data=exchange.request_body,
                headers=headers,
                allow_redirects=False,
                ssl=not is_loopback(job.target.origin.host),
                timeout=aiohttp.ClientTimeout(total=job.timeout_s),
            ) as answer:
                exchange.status = answer.status
                exchange.response_headers = tuple(answer.raw_headers)
                exchange.response_body = (await answer.read())[:MOST_ANSWER]
        except TimeoutError:
            exchange.status = 0
            error = f"the merchant did not answer within {job.timeout_s:g} s"
        except aiohttp.ClientError as failure:
            error = str(failure) or type(failure).__name__
        job.finish(error=error)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            )
        return self._session
