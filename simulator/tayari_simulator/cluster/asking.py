"""Asking the processes' own control APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

from tayari_simulator.cluster.owning import Node
from tayari_simulator.control.refusals import Refusal

PATIENCE_S: Final = 700.0
"""Longer than the longest wait that the control API takes (600 s)."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a process answered."""

    status: int
    body: bytes
    content_type: str

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body, read."""
        return orjson.loads(self.body)

    def response(self) -> web.Response:
        """The same answer, for the caller."""
        return web.Response(
            status=self.status, body=self.body, headers={"Content-Type": self.content_type}
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A request as the processes get it."""

    method: str
    path: str
    """With its query."""
    body: bytes = b""

    @classmethod
    def get(cls, path: str) -> Question:
        """A question without a body."""
        return cls("GET", path)

    @classmethod
    def post(cls, path: str, body: Any = None) -> Question:
        """A question with a JSON body."""
        return cls("POST", path, orjson.dumps(body if body is not None else {}))


class Asking:
    """One client for all processes. Open it in a running event loop, and close it."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=PATIENCE_S, connect=5.0),
        )

    async def one(self, node: Node, question: Question) -> Said:
        """Ask one process.

        Raises:
            Refusal: 503, it is gone.
        """
        headers = {"Content-Type": "application/json"} if question.body else {}
        try:
            async with self._session.request(
                question.method, node.control_url + question.path, data=question.body or None, headers=headers
            ) as answered:
                body = await answered.read()
                return Said(answered.status, body, answered.headers.get("Content-Type", "application/json"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise process_gone(node.index, error) from error

    async def each(self, nodes: Sequence[Node], question: Question) -> list[Said]:
        """Ask all of them at once. Raises Refusal: one is gone."""
        return list(await asyncio.gather(*(self.one(node, question) for node in nodes)))

    async def close(self) -> None:
        """Drop the connections."""
        await self._session.close()


def process_gone(index: int, why: object = "") -> Refusal:
    """What callers hear when a process that is needed is not there."""
    detail = f": {why}" if str(why) else ""
    message = f"process {index + 1} of this simulator is gone{detail}; see its standard error, and ask again"
    return Refusal(503, "process_gone", message)
