"""What goes wrong with access tokens and with the form of the calls (rules T01 to T13)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import aiohttp
from api import Api
from daraja import Daraja, NoToken, Replies, Reply, Token, Tokens
from records import Ack, AckKind, Payment
from settings import Settings

from defects.row import defect


class TokenPerCall(Tokens):
    async def get(self) -> Token:
        return await self.fetch()


class TokenStampede(Tokens):
    async def get(self) -> Token:
        if self._token is not None and time.monotonic() < self._token.fresh_until:
            return self._token
        token = await self.fetch()
        await asyncio.sleep(0.3)  # as long as a shared cache may take to show it to the others
        self._token = token
        return token


class TokenImpatience(Tokens):
    async def get(self) -> Token:
        if self._token is None and self._one_at_a_time.locked():
            try:
                await asyncio.wait_for(self._one_at_a_time.acquire(), 0.5)
            except TimeoutError as error:
                raise NoToken("the one under way took too long") from error
            self._one_at_a_time.release()
        return await super().get()


class TokenAlwaysAnHour(Tokens):
    def life_s(self, expires_in: object) -> float:  # noqa: ARG002 - that is the defect
        return 3600.0


class TokenLifeIsText(Tokens):
    def life_s(self, expires_in: Any) -> float:
        return float(expires_in.strip())


class TokenJsonAssumed(Tokens):
    def read(self, status: int, body: str) -> tuple[str, float]:  # noqa: ARG002 - that is the defect
        answer = json.loads(body)
        return answer["access_token"], self.life_s(answer["expires_in"])


class TokenStatusTrusted(Tokens):
    def read(self, status: int, body: str) -> tuple[str, float]:
        if status != 200:
            return super().read(status, body)
        answer = json.loads(body)
        return answer["access_token"], self.life_s(answer["expires_in"])


class NotFoundIsWrongUrl(Replies):
    def is_token_error(self, reply: Reply) -> bool:
        return reply.status != 404 and super().is_token_error(reply)


class OneTokenError(Replies):
    def is_token_error(self, reply: Reply) -> bool:
        return reply.error_code == "404.001.03"


class TokenErrorLoop(Daraja):
    resends = 8


class FormContentType(Daraja):
    def headers(self, token: str) -> dict[str, str]:
        return {**super().headers(token), "Content-Type": "application/x-www-form-urlencoded"}


class NoTimeouts(Daraja):
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=None)


class SilenceIsRefusal(Daraja):
    async def push(self, **push: Any) -> Ack:
        ack = await super().push(**push)
        return replace(ack, kind=AckKind.REFUSED) if ack.kind is AckKind.UNKNOWN else ack


class OneConnectionForAll(Daraja):
    """The answer of the first call closes the connection that those beside it share: theirs are lost."""

    _under_way = 0

    async def push(self, **push: Any) -> Ack:
        alone = self._under_way == 0
        self._under_way += 1
        try:
            ack = await super().push(**push)
        finally:
            self._under_way -= 1
        return ack if alone else replace(ack, kind=AckKind.REFUSED)


class TrustsAnyCertificate(Tokens):
    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        super().__init__(settings, session)
        session.connector._ssl = False  # type: ignore[union-attr] # what ssl=False on each call would do


class TokenFromElsewhere(Tokens):
    """The same server by another name, as two environments would be two servers."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        super().__init__(replace(settings, base_url=settings.base_url.replace("127.0.0.1", "localhost")), session)


class ShowsSecrets(Api):
    def view(self, payment: Payment) -> dict[str, object]:
        return {**super().view(payment), "debug": {"passkey": self.settings.passkey}}


class TokenKeyAssumed(Tokens):
    def read(self, status: int, body: str) -> tuple[str, float]:
        """Whatever is JSON is taken for a token."""
        try:
            answer = json.loads(body)
        except ValueError:
            return super().read(status, body)
        return answer["access_token"], self.life_s(answer["expires_in"])


ROWS = (
    defect("token-per-call", "T01", "Fetches a token for every call.", TokenPerCall),
    defect("token-stampede", "T02", "Concurrent first calls each fetch a token.", TokenStampede),
    defect(
        "token-impatience", "T02", "Refuses customers who wait half a second for a token under way.", TokenImpatience
    ),
    defect(
        "one-connection-for-all",
        "T02",
        "Tells customers who pay beside another that it failed; they have a prompt.",
        OneConnectionForAll,
    ),
    defect("token-always-an-hour", "T03", "Ignores expires_in and uses dead tokens.", TokenAlwaysAnHour),
    defect("token-404-gives-up", "T04", "Takes 404 with 404.001.03 for a wrong URL.", NotFoundIsWrongUrl),
    defect("token-one-error-form", "T05", "Knows only one of the forms of a token error.", OneTokenError),
    defect("token-error-loop", "T06", "Resends and fetches tokens as long as the token is refused.", TokenErrorLoop),
    defect("token-life-is-text", "T07", "Breaks when expires_in is a number.", TokenLifeIsText),
    defect("token-json-assumed", "T08", "Breaks when the token answer is empty or HTML.", TokenJsonAssumed),
    defect("token-status-trusted", "T08", "Breaks when a token answer with HTTP 200 is not JSON.", TokenStatusTrusted),
    defect("token-key-assumed", "T08", "Breaks when the token answer is JSON without a token.", TokenKeyAssumed),
    defect("form-content-type", "T09", "Sends JSON and calls it a form.", FormContentType),
    defect("tls-unverified", "T10", "Trusts any certificate.", TrustsAnyCertificate),
    defect("token-from-elsewhere", "T12", "Fetches the token by another address.", TokenFromElsewhere),
    defect("no-timeouts", "T11", "Waits for Daraja for ever.", NoTimeouts),
    defect("silence-is-refusal", "T11", "Takes a push without an answer for a refused one.", SilenceIsRefusal),
    defect("shows-secrets", "T13", "Shows the passkey in its answers.", ShowsSecrets),
)
