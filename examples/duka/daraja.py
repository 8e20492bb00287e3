"""Everything that is said to Daraja: the access token, what its answers mean, and the calls."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Self

import aiohttp
from records import Ack, AckKind, Answer, QueryOutcome
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


BUSY = frozenset({"500.003.02", "500.003.03", "00.002.1001"})
"""Spike arrest, quota, maintenance: refused before anything happened."""
TOKEN_ERRORS = frozenset({"404.001.03", "404.001.04", "400.003.01"})
CUSTOMER_FIELDS = frozenset({"PhoneNumber", "PartyA", "Amount"})
"""The fields of a push that come from the customer; any other fault is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, read as far as it goes."""

    status: int
    text: str
    body: dict[str, Any]
    """Empty when the answer is not a JSON object."""

    @classmethod
    def of(cls, status: int, text: str) -> Self:
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        return cls(status=status, text=text, body=body if isinstance(body, dict) else {})

    @property
    def error_code(self) -> str:
        """Daraja's errorCode, or the gateway's own code from its `fault` envelope."""
        fault = self.body.get("fault")
        if isinstance(fault, dict):
            detail = fault.get("detail")
            return str(detail.get("errorcode", "")) if isinstance(detail, dict) else "fault"
        return str(self.body.get("errorCode", ""))

    @property
    def error_message(self) -> str:
        fault = self.body.get("fault")
        return str(fault.get("faultstring", "") if isinstance(fault, dict) else self.body.get("errorMessage", ""))

    @property
    def brief(self) -> str:
        """For the log."""
        return f"HTTP {self.status} {self.error_code} {self.error_message or self.text[:80]}".strip()


class Replies:
    """What each answer means."""

    def is_token_error(self, reply: Reply) -> bool:
        """Whether the token was refused. Daraja says so in at least five ways, one of them HTTP 404."""
        code = reply.error_code
        if "access_token" in code or "access token" in reply.error_message.lower():
            return True
        return code in TOKEN_ERRORS or code == "401" or code.startswith("401.")

    def acknowledgement(self, reply: Reply) -> Ack:
        """What became of a push."""
        if reply.status != 200 or reply.error_code:
            return self.refusal(reply)
        response_code = str(reply.body.get("ResponseCode", ""))
        if response_code not in {"0", ""}:
            return Ack(kind=AckKind.REFUSED, detail=reply.text[:200])
        checkout_request_id = reply.body.get("CheckoutRequestID")
        if response_code != "0" or not checkout_request_id:
            # Neither a yes nor a no: a prompt may be on the phone, so this is not ours to repeat.
            return Ack(kind=AckKind.UNKNOWN, detail=f"no usable acknowledgement: {reply.brief}")
        return Ack(
            kind=AckKind.ACCEPTED,
            checkout_request_id=str(checkout_request_id),
            merchant_request_id=str(reply.body.get("MerchantRequestID", "")),
        )

    def refusal(self, reply: Reply) -> Ack:
        """Sort an error by what can be done about it."""
        code = reply.error_code
        field = reply.error_message.rpartition("Invalid ")[2] if code == "400.002.02" else ""
        return Ack(kind=self.kind_of_refusal(reply, field), field=field, detail=reply.brief)

    def kind_of_refusal(self, reply: Reply, field: str) -> AckKind:
        """Certain refusals may be repeated, or shown as refusals; a call that may have gone through is unknown."""
        code = reply.error_code
        if code in BUSY or code.startswith("policies.ratelimit") or reply.status in {429, 503}:
            return AckKind.BUSY
        if code == "500.001.1001":
            return self.kind_of_1001(reply.error_message)
        if self.is_token_error(reply):
            return AckKind.STAFF
        if field in CUSTOMER_FIELDS:
            return AckKind.INPUT
        if reply.status >= 500 or reply.status < 300:
            return AckKind.UNKNOWN
        return AckKind.STAFF if reply.body else AckKind.UNAVAILABLE

    def kind_of_1001(self, message: str) -> AckKind:
        """One code, several meanings: only here does the text decide."""
        message = message.lower()
        if "unable to lock subscriber" in message:
            return AckKind.LOCKED
        if "wrong credentials" in message or "merchant does not exist" in message:
            return AckKind.STAFF
        return AckKind.UNKNOWN

    def answer(self, reply: Reply, asked: str) -> Answer:
        """What a query says about the payment `asked`."""
        if reply.status == 200 and "ResultCode" in reply.body:
            if not self.about(reply, asked):
                return Answer(outcome=QueryOutcome.NOTHING, detail="an answer about another CheckoutRequestID")
            return self.final(str(reply.body["ResultCode"]).strip())
        if self.in_flight(reply):
            return Answer(outcome=QueryOutcome.IN_FLIGHT, detail=reply.brief)
        too_fast = reply.status == 429 or reply.error_code in BUSY
        return Answer(outcome=QueryOutcome.NOTHING, too_fast=too_fast, detail=reply.brief)

    def about(self, reply: Reply, asked: str) -> bool:
        return reply.body.get("CheckoutRequestID") == asked

    def final(self, code: str) -> Answer:
        """The ResultCode of a query is a string on the wire."""
        if code == "0":
            return Answer(outcome=QueryOutcome.SUCCESS, code=code)
        if code == "4999":
            return Answer(outcome=QueryOutcome.IN_FLIGHT, code=code)
        return Answer(outcome=QueryOutcome.FAILURE, code=code)

    def in_flight(self, reply: Reply) -> bool:
        """Being processed, random errors without a text, or asked before the gateway knows the id."""
        if reply.error_code == "500.001.1001":
            return "processed" in reply.error_message or not reply.error_message
        return reply.error_code == "400.002.02" and reply.error_message.endswith("CheckoutRequestID")


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
        """Who pays: the phone that gets the prompt."""
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
