"""Where Safaricom calls: read the message, keep it, say yes at once, work afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web
from records import Result
from settings import Settings
from settlement import Reconciler, Settlement
from store import Store
from work import Work

log = logging.getLogger("duka")

PREFIX = "/hooks"
"""Daraja refuses some words anywhere in a callback URL (mpesa, exec, ...); hexadecimal digits cannot spell them."""


class CallbackPaths:
    """Payment -> URL, and back."""

    def __init__(self, public_url: str, secret: str) -> None:
        self.public_url = public_url.rstrip("/")
        self._secret = secret.encode()

    def url(self, payment_id: str) -> str:
        return f"{self.public_url}{PREFIX}/{payment_id}/{self.mark(payment_id)}"

    def payment_id(self, path: str) -> str | None:
        """The payment that a called path belongs to; None: the path is not one of ours."""
        payment_id, _, mark = path.removeprefix(PREFIX).strip("/").partition("/")
        return payment_id if hmac.compare_digest(mark.encode(), self.mark(payment_id).encode()) else None

    def mark(self, payment_id: str) -> str:
        return hmac.new(self._secret, payment_id.encode(), hashlib.sha256).hexdigest()[:32]


class Unreadable(Exception):
    """This is not a callback."""


class CallbackReader:
    """`Body.stkCallback` -> `Result`."""

    def read(self, raw: bytes) -> Result:
        """Read one message.

        Raises:
            Unreadable: it is not JSON, or not an STK callback.
        """
        callback = self.envelope(self.parse(raw))
        items = self.items(callback)
        return Result(
            checkout_request_id=str(callback["CheckoutRequestID"]),
            merchant_request_id=str(callback.get("MerchantRequestID", "")),
            code=self.code(callback["ResultCode"]),
            amount=self.amount(items),
            receipt=self.receipt(items),
        )

    def parse(self, raw: bytes) -> object:
        try:
            return json.loads(raw)
        except ValueError as error:  # also bad UTF-8
            raise Unreadable("not JSON") from error

    def envelope(self, message: object) -> Mapping[str, Any]:
        body = message.get("Body") if isinstance(message, dict) else None
        callback = body.get("stkCallback") if isinstance(body, dict) else None
        if not isinstance(callback, dict) or not {"CheckoutRequestID", "ResultCode"} <= callback.keys():
            raise Unreadable("no Body.stkCallback with CheckoutRequestID and ResultCode")
        return callback

    def code(self, value: object) -> str:
        """`0`, `"0"`, `1032`, `"SFC_IC0003"`: the same code in every type."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value).strip()

    def items(self, callback: Mapping[str, Any]) -> Mapping[str, object]:
        """The metadata by name. Failures have none; one item may come without its list; one may have no Value."""
        metadata = callback.get("CallbackMetadata")
        listed = metadata.get("Item") if isinstance(metadata, dict) else None
        if isinstance(listed, dict):
            listed = [listed]
        if not isinstance(listed, list):
            return {}
        return {str(item["Name"]): self.value(item) for item in listed if isinstance(item, dict) and "Name" in item}

    def value(self, item: Mapping[str, Any]) -> object:
        return item.get("Value")

    def amount(self, items: Mapping[str, object]) -> Decimal | None:
        """`1`, `1.0`, `"1.00"`: the same amount."""
        try:
            return Decimal(str(items["Amount"]))
        except (KeyError, InvalidOperation):
            return None

    def receipt(self, items: Mapping[str, object]) -> str | None:
        value = items.get("MpesaReceiptNumber")
        text = str(value).strip() if value is not None else ""
        return text or None


SOURCES = frozenset(
    ["196.201.214.200", "196.201.214.206", "196.201.214.207", "196.201.214.208"]
    + ["196.201.213.114", "196.201.213.44"]
    + [f"196.201.212.{last}" for last in (127, 138, 129, 136, 74, 69)]
)
"""Every address that Safaricom names. A list of only the first four loses callbacks."""


class Hooks:
    """The callback route."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        reader: CallbackReader,
        paths: CallbackPaths,
        settlement: Settlement,
        reconciler: Reconciler,
        work: Work,
    ) -> None:
        self._source_header = settings.source_header
        self._queue_s = settings.callback_queue_s
        self.store = store
        self.reader = reader
        self.paths = paths
        self.settlement = settlement
        self.reconciler = reconciler
        self.work = work

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PREFIX + "/{rest:.*}", self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        """200 to whatever is a callback, known or not; 4xx to what is none."""
        if not self.admits(request):
            return self.reply("Not accepted", status=403)
        raw = await request.read()
        payment_id = self.paths.payment_id(request.path)
        number = self.keep(payment_id, raw) if payment_id else 0
        try:
            result = self.reader.read(raw)
        except Unreadable as error:
            log.warning("callback that cannot be read: %s", error)
            return self.reply("Not a callback", status=400)
        payment_id = self.match(payment_id, result)
        if payment_id is None:
            return self.unknown(result)
        self.work.start(self.settle_in_turn(number, payment_id, result))
        return self.reply("Accepted")

    def admits(self, request: web.Request) -> bool:
        """Whether the caller's address is Safaricom's, if the shop's proxy passes it on."""
        if not self._source_header:
            return True
        return request.headers.get(self._source_header, "").rpartition(",")[2].strip() in SOURCES

    def keep(self, payment_id: str, raw: bytes) -> int:
        """As it came, before anything is made of it. Strangers' are logged, not kept: they could fill the disk."""
        return self.store.keep_message(payment_id, raw.decode(errors="replace"))

    def match(self, payment_id: str | None, result: Result) -> str | None:  # noqa: ARG002 - the id is checked later
        """The payment a message belongs to: its path says so, and `Settlement.names` compares the CheckoutRequestID."""
        return payment_id if payment_id and self.store.get(payment_id) else None

    def unknown(self, result: Result) -> web.Response:
        log.warning("callback for an unknown payment: %s", result.checkout_request_id)
        return self.reply("Accepted")

    async def settle_in_turn(self, number: int, payment_id: str, result: Result) -> None:
        """The queue between the 200 and the work. What a start finds there has waited long enough."""
        await asyncio.sleep(self._queue_s)
        await self.settle(number, payment_id, result)

    async def settle(self, number: int, payment_id: str, result: Result) -> None:
        """The work behind the 200."""
        if self.settlement.hear(payment_id, result):
            self.reconciler.ask_now(payment_id)
        elif (payment := self.store.get(payment_id)) and payment.awaiting:
            self.reconciler.follow(payment_id)
        self.store.message_handled(number)

    async def resume(self) -> None:
        """Work on what was stored but not worked on when the process ended."""
        for number, payment_id, raw in self.store.unhandled_messages():
            try:
                await self.settle(number, payment_id, self.reader.read(raw.encode()))
            except Unreadable:
                self.store.message_handled(number)

    def reply(self, text: str, *, status: int = 200) -> web.Response:
        body = {"ResultCode": 0 if status == 200 else 1, "ResultDesc": text}
        return web.Response(text=json.dumps(body), status=status, content_type="application/json")
