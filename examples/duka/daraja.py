"""The calls to Daraja: push and query, over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

import aiohttp
from records import Ack, AckKind, Answer, QueryOutcome
from replies import Replies, Reply
from settings import Settings
from tokens import NoToken, Tokens

EAST_AFRICA = timezone(timedelta(hours=3))
PUSH = "/mpesa/stkpush/v1/processrequest"
QUERY = "/mpesa/stkpushquery/v1/query"
TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
"""A customer does not wait longer; what is not answered by then is found out by a query."""


class NotSent(Exception):
    """The request never left: it is safe to send it again."""


class AnswerLost(Exception):
    """The request left and no answer came: nobody here knows what became of it."""


class Daraja:
    """One business's view of Daraja."""

    timeout = TIMEOUT
    resends = 1
    """How often a call is repeated with a new token. Once: a second refusal is not about the token's age."""

    def __init__(
        self,
        *,
        settings: Settings,
        session: aiohttp.ClientSession,
        tokens: Tokens,
        replies: Replies,
    ) -> None:
        self._settings = settings
        self._session = session
        self._tokens = tokens
        self._replies = replies

    async def push(
        self, *, msisdn: str, amount: int, account_reference: str, description: str, callback_url: str
    ) -> Ack:
        """Ask the customer's phone for the PIN. Never raises for what Daraja or the network do."""

        def body() -> dict[str, object]:
            return {
                **self.signature(),
                "TransactionType": "CustomerBuyGoodsOnline" if self._settings.till else "CustomerPayBillOnline",
                "Amount": amount,
                "PartyA": self.party_a(msisdn),
                "PartyB": self.party_b(),
                "PhoneNumber": msisdn,
                "CallBackURL": callback_url,
                "AccountReference": account_reference,
                "TransactionDesc": description,
            }

        try:
            return self._replies.acknowledgement(await self.call(PUSH, body))
        except NoToken as error:
            return Ack(kind=self.without_token(error), detail=f"token: {error}")
        except NotSent as error:
            return Ack(kind=AckKind.BUSY, detail=f"not sent: {error}")
        except AnswerLost as error:
            return Ack(kind=AckKind.UNKNOWN, detail=f"answer lost: {error}")

    async def query(self, checkout_request_id: str) -> Answer:
        """Ask what became of a push. Never raises for what Daraja or the network do."""

        def body() -> dict[str, object]:
            return {**self.signature(), "CheckoutRequestID": checkout_request_id}

        try:
            return self._replies.answer(await self.call(QUERY, body), checkout_request_id)
        except (NoToken, NotSent, AnswerLost) as error:
            return Answer(outcome=QueryOutcome.NOTHING, detail=f"no answer: {error}")

    async def call(self, path: str, make_body: Callable[[], dict[str, object]]) -> Reply:
        """Send with a token; if the token is refused, drop it, fetch one, resend once."""
        token = await self._tokens.get()
        reply = await self._send(path, make_body(), token.text)
        for _ in range(self.resends):
            if not self._replies.is_token_error(reply):
                break
            self._tokens.drop(token)
            token = await self._tokens.get()
            reply = await self._send(path, make_body(), token.text)
        return reply

    async def _send(self, path: str, body: Mapping[str, object], token: str) -> Reply:
        url = self._settings.base_url.rstrip("/") + path
        try:
            async with self._session.post(
                url, data=self.encode(body), headers=self.headers(token), timeout=self.timeout, allow_redirects=False
            ) as response:
                return Reply.of(response.status, await response.text(errors="replace"))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(str(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AnswerLost(repr(error)) from error

    def encode(self, body: Mapping[str, object]) -> bytes:
        return json.dumps(body).encode()

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def party_a(self, msisdn: str) -> str:
        """Who pays: whoever gets the prompt."""
        return msisdn

    def party_b(self) -> str:
        """Who receives: the till, or the pay bill itself."""
        return self._settings.till or self._settings.short_code

    def signature(self) -> dict[str, object]:
        """The three fields that prove who calls, fresh for every call."""
        timestamp = self.timestamp()
        return {
            "BusinessShortCode": self._settings.short_code,
            "Password": self.password(timestamp),
            "Timestamp": timestamp,
        }

    def timestamp(self) -> str:
        """Now in East Africa, `YYYYMMDDHHmmss`, wherever the server stands."""
        return datetime.now(UTC).astimezone(EAST_AFRICA).strftime("%Y%m%d%H%M%S")

    def password(self, timestamp: str) -> str:
        return base64.b64encode(f"{self._settings.short_code}{self._settings.passkey}{timestamp}".encode()).decode()

    def without_token(self, error: NoToken) -> AckKind:
        """Nothing was pushed, and we know it."""
        if error.ours:
            return AckKind.STAFF
        return AckKind.BUSY if error.passing else AckKind.UNAVAILABLE
