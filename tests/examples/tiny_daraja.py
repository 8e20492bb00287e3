"""A Daraja of a few lines, with answers that a test sets: enough to judge the sample shop without the simulator."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

DUKA = Path(__file__).parents[2] / "examples" / "duka"
sys.path.insert(0, str(DUKA))  # the shop is a plain folder: its modules are siblings

from defects import TABLE, UnknownDefect, with_defects  # noqa: E402
from parts import build  # noqa: E402
from settings import Settings  # noqa: E402
from settlement import QueryBudget  # noqa: E402

__all__ = ["DUKA", "PAID", "TABLE", "QueryBudget", "UnknownDefect", "open_shop", "with_defects"]

Json = dict[str, Any]
Wire = tuple[int, str]
"""Status and body of one answer."""

QUICK = Settings(reconcile_first_s=0.1, reconcile_give_up_s=3.0, queries_per_minute=60_000.0)


def ok(**body: object) -> Wire:
    return 200, json.dumps(body)


def refused(status: int, code: str, message: str) -> Wire:
    return status, json.dumps({"requestId": "", "errorCode": code, "errorMessage": message})


IN_FLIGHT: Wire = ok(ResponseCode="0", CheckoutRequestID="*", ResultCode="4999", ResultDesc="under processing")
BUSY: Wire = refused(500, "500.003.02", "System is busy. Please try again in few minutes.")
DROP: Wire = (0, "")
"""Accepted, and the connection closed without an answer."""


@dataclass
class TinyDaraja:
    """What it will answer, and what it was asked. Scripts are used up from the front; then the usual answer comes."""

    push_script: list[Wire] = field(default_factory=list)
    query_script: list[Wire] = field(default_factory=list)
    token_script: list[Wire] = field(default_factory=list)
    truth: str = "4999"
    """What the query says once its script is used up."""
    before_ack: Callable[[Json], Awaitable[None]] | None = None
    tokens: int = 0
    pushes: list[Json] = field(default_factory=list)
    pushed_at: list[float] = field(default_factory=list)
    queried_at: list[float] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([
            web.get("/oauth/v1/generate", self._token),
            web.post("/mpesa/stkpush/v1/processrequest", self._push),
            web.post("/mpesa/stkpushquery/v1/query", self._query),
        ])  # fmt: skip
        return app

    async def _token(self, request: web.Request) -> web.Response:
        self.tokens += 1
        usual = ok(access_token=f"t{self.tokens}", expires_in="3599")
        return _response(self.token_script.pop(0) if self.token_script else usual)

    async def _push(self, request: web.Request) -> web.Response:
        push = await request.json()
        self.pushes.append(push)
        self.pushed_at.append(asyncio.get_running_loop().time())
        number = f"ws_CO_{len(self.pushes)}"
        if self.before_ack:
            await self.before_ack({**push, "CheckoutRequestID": number})
        usual = ok(MerchantRequestID="m", CheckoutRequestID=number, ResponseCode="0", CustomerMessage="Success.")
        wire = self.push_script.pop(0) if self.push_script else usual
        if wire is DROP:
            assert request.transport is not None
            request.transport.close()
        return _response(wire)

    async def _query(self, request: web.Request) -> web.Response:
        asked = (await request.json())["CheckoutRequestID"]
        self.queried_at.append(asyncio.get_running_loop().time())
        usual = ok(ResponseCode="0", CheckoutRequestID="*", ResultCode=self.truth, ResultDesc="as set")
        status, body = self.query_script.pop(0) if self.query_script else usual
        return _response((status, body.replace("*", asked)))


def _response(wire: Wire) -> web.Response:
    status, body = wire
    return web.Response(status=status or 200, text=body, content_type="application/json")


@dataclass
class Shop:
    """The shop as a browser and as Safaricom see it."""

    session: aiohttp.ClientSession
    url: str
    daraja: TinyDaraja

    async def pay(self, *, reference: str = "A1", headers: dict[str, str] | None = None, **given: object) -> Json:
        body = {"phone": "0712345678", "amount": 100, "reference": reference, **given}
        async with self.session.post(f"{self.url}/api/pay", json=body, headers=headers) as reply:
            return {"http": reply.status, **await reply.json()}

    async def see(self, payment: Json) -> Json:
        async with self.session.get(f"{self.url}/api/payments/{payment['id']}") as reply:
            return dict(await reply.json())

    async def total(self, reference: str = "A1") -> int:
        async with self.session.get(f"{self.url}/api/ledger", params={"reference": reference}) as reply:
            return int((await reply.json())["total"])

    async def call_back(self, payment: int | Json = 0, code: object = 0, **items: object) -> int:
        """Send a callback for a push, by its place or as the push itself. Keyword arguments are metadata items."""
        push = self.daraja.pushes[payment] if isinstance(payment, int) else payment
        number = push.get("CheckoutRequestID", f"ws_CO_{payment + 1}" if isinstance(payment, int) else "")
        callback: Json = {
            "MerchantRequestID": "m",
            "CheckoutRequestID": number,
            "ResultCode": code,
            "ResultDesc": "text",
        }
        if items:
            callback["CallbackMetadata"] = {"Item": [{"Name": n, "Value": v} for n, v in items.items()]}
        return await self.post_raw(push["CallBackURL"], json.dumps({"Body": {"stkCallback": callback}}))

    async def post_raw(self, callback_url: str, raw: str) -> int:
        url = callback_url.replace(QUICK.public_url, self.url)
        async with self.session.post(url, data=raw, headers={"Content-Type": "application/json"}) as reply:
            return reply.status

    async def until(self, payment: Json, *states: str, within_s: float = 5.0) -> Json:
        """Look until the payment is in one of these states; the last look either way."""
        end = asyncio.get_running_loop().time() + within_s
        while True:
            seen = await self.see(payment)
            if seen["status"] in states or asyncio.get_running_loop().time() > end:
                return seen
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_shop(
    daraja: TinyDaraja | None = None,
    *,
    database: str = ":memory:",
    defects: Iterable[str] = (),
    settings: Settings = QUICK,
) -> AsyncIterator[Shop]:
    """A tiny Daraja and a shop that uses it, both on ports of the system's choice."""
    daraja = daraja or TinyDaraja()
    async with TestServer(daraja.app()) as bank:
        settings = replace(settings, base_url=str(bank.make_url("")), database=database)
        async with (
            TestServer(await build(settings, with_defects(defects))) as server,
            aiohttp.ClientSession() as session,
        ):
            yield Shop(session, str(server.make_url("")).rstrip("/"), daraja)


PAID: Json = {"Amount": 100, "MpesaReceiptNumber": "UKN1ABCDEF", "PhoneNumber": 254712345678}
"""The metadata of a success for 100 shillings."""
