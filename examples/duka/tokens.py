"""The access token: fetched once, shared by all, renewed before it dies."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass

import aiohttp
from settings import Settings


class NoToken(Exception):
    """No token could be had, so nothing was sent. `ours`: our credentials were refused."""

    def __init__(self, why: str, *, ours: bool = False, passing: bool = False) -> None:
        super().__init__(why)
        self.ours = ours
        self.passing = passing
        """Whether it is worth another try in a moment."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the moment (of the monotonic clock) from which it is not used any more."""

    text: str
    fresh_until: float


class Tokens:
    """One token for the whole process."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._token: Token | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> Token:
        """A token that is good for a while yet.

        Raises:
            NoToken: Daraja gave none.
        """
        async with self._one_at_a_time:
            if self._token is None or time.monotonic() >= self._token.fresh_until:
                self._token = await self.fetch()
            return self._token

    def drop(self, token: Token) -> None:
        """Forget a token that Daraja refused, unless somebody else has replaced it already."""
        if self._token is token:
            self._token = None

    async def fetch(self) -> Token:
        """Ask Daraja for a token."""
        pair = f"{self._settings.consumer_key}:{self._settings.consumer_secret}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        url = self._settings.base_url.rstrip("/") + "/oauth/v1/generate?grant_type=client_credentials"
        asked_at = time.monotonic()
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                status, body = response.status, await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NoToken(
                f"no answer: {error or type(error).__name__}", passing=isinstance(error, aiohttp.ClientError)
            ) from error
        text, life_s = self.read(status, body)
        return Token(text, self.fresh_until(asked_at, life_s))

    def read(self, status: int, body: str) -> tuple[str, float]:
        """The token and its life in seconds. A wrong key is answered with an empty 400, an edge block is HTML."""
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if status == 200 and isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
            return answer["access_token"], self.life_s(answer.get("expires_in"))
        raise NoToken(
            f"HTTP {status}: {body[:80]!r}", ours=status in {400, 401}, passing=status == 429 or status >= 500
        )

    def life_s(self, expires_in: object) -> float:
        """Daraja sends a string or a number, depending on its version."""
        try:
            return float(str(expires_in))
        except ValueError:
            return 0.0  # used once, then fetched again: slow but never wrong

    def fresh_until(self, asked_at: float, life_s: float) -> float:
        """Stop using it a little early: the clocks differ and a call takes time."""
        return asked_at + life_s - min(60.0, life_s / 10)
