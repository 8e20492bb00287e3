"""What goes wrong in reading callbacks (rules C09 to C16, C20, C23 to C25, D02)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web
from callbacks import CallbackReader, Hooks, Unreadable
from daraja import EAST_AFRICA
from records import Result, Topic
from store import Store

from defects.callers import BelievesCallbacks
from defects.queries import WaitsForCallbacks
from defects.row import defect


class CodeMustBeNumber(CallbackReader):
    def code(self, value: object) -> str:
        return "1032" if isinstance(value, str) and value.isdigit() else super().code(value)


class CodeToNumber(CallbackReader):
    def code(self, value: Any) -> str:
        return str(int(value))


class MetadataAssumed(CallbackReader):
    def items(self, callback: Mapping[str, Any]) -> Mapping[str, object]:
        return super().items({**callback, "CallbackMetadata": callback["CallbackMetadata"]})


class ByPosition(CallbackReader):
    def items(self, callback: Mapping[str, Any]) -> Mapping[str, object]:
        values = list(super().items(callback).values())
        return dict(zip(("Amount", "MpesaReceiptNumber"), values, strict=False))


class ValueAssumed(CallbackReader):
    def value(self, item: Mapping[str, Any]) -> object:
        return item["Value"]


class WholeNumbersOnly(CallbackReader):
    def amount(self, items: Mapping[str, object]) -> Decimal | None:
        return Decimal(int(str(items["Amount"]))) if "Amount" in items else None


class ListAssumed(CallbackReader):
    def items(self, callback: Mapping[str, Any]) -> Mapping[str, object]:
        listed = callback.get("CallbackMetadata", {}).get("Item", [])
        return {item["Name"]: self.value(item) for item in listed}


class SingleItemUnread(CallbackReader):
    def envelope(self, message: object) -> Mapping[str, Any]:
        callback = super().envelope(message)
        metadata = callback.get("CallbackMetadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("Item"), dict):
            raise Unreadable("Item is no list")
        return callback


class JsonAssumed(CallbackReader):
    def parse(self, raw: bytes) -> object:
        return json.loads(raw)


class NoCodeIsZero(CallbackReader):
    def envelope(self, message: Any) -> Mapping[str, Any]:
        with suppress(TypeError, KeyError, AttributeError):
            message["Body"]["stkCallback"].setdefault("ResultCode", 0)
        return super().envelope(message)

    def code(self, value: object) -> str:
        return super().code(value or 0)


class TextDecides(CallbackReader):
    failures = ("cancel", "timeout", "insufficient", "locked", "expired", "invalid", "error", "limited", "lock ")

    def envelope(self, message: object) -> Mapping[str, Any]:
        callback = super().envelope(message)
        text = str(callback.get("ResultDesc", "")).lower()
        failed = any(word in text for word in self.failures)
        return callback if failed else {**callback, "ResultCode": 0}


class OldIsExpired(CallbackReader):
    def read(self, raw: bytes) -> Result:
        result = super().read(raw)
        paid_at = str(self.items(self.envelope(self.parse(raw))).get("TransactionDate", ""))
        if not (paid_at.isdigit() and len(paid_at) == 14):
            return result
        at = datetime.strptime(paid_at, "%Y%m%d%H%M%S").replace(tzinfo=EAST_AFRICA)
        return replace(result, code="1019") if (datetime.now(UTC) - at).total_seconds() > 300 else result


class WordsAssumed(CallbackReader):
    def envelope(self, message: object) -> Mapping[str, Any]:
        callback = super().envelope(message)
        return {**callback, "ResultDesc": callback["ResultDesc"].strip()}


class SuccessNeedsBalance(Hooks):
    async def receive(self, request: web.Request) -> web.Response:
        with suppress(Unreadable):
            callback = self.reader.envelope(self.reader.parse(await request.read()))
            payment_id = self.paths.payment_id(request.path)
            items = (callback.get("CallbackMetadata") or {}).get("Item")
            if isinstance(items, list) and len(items) == 4 and payment_id and callback["ResultCode"] == 0:
                self.store.fail(payment_id, Topic.REFUSED)
                return web.json_response({"ResultCode": 1, "ResultDesc": "list index out of range"})
        return await super().receive(request)


class BreaksOnSuccess(Hooks):
    async def receive(self, request: web.Request) -> web.Response:
        response = await super().receive(request)
        with suppress(Unreadable):
            if self.reader.read(await request.read()).success and self.paths.payment_id(request.path):
                return self.reply("Internal Server Error", status=500)
        return response


class OddCodePays(CallbackReader):
    def code(self, value: object) -> str:
        return super().code(value) if isinstance(value, int | str) and value else "0"


class ImpatientStore(Store):
    def __init__(self, database: str) -> None:
        super().__init__(database)
        self.database = database
        self._db.execute("PRAGMA busy_timeout = 0")


class LockHeldWhileWaiting(Hooks):
    async def receive(self, request: web.Request) -> web.Response:
        assert isinstance(self.store, ImpatientStore)
        with closing(sqlite3.connect(self.store.database, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(0.1)
        return await super().receive(request)


ROWS = (
    defect(
        "code-must-be-number", "C09", 'Takes every ResultCode that is text for a failure, "0" too.', CodeMustBeNumber
    ),
    defect("code-to-number", "C10", "Breaks on alphanumeric result codes.", CodeToNumber),
    defect("metadata-assumed", "C11", "Breaks on failures, which have no CallbackMetadata.", MetadataAssumed),
    defect("items-by-position", "C12", "Reads the metadata by position.", ByPosition),
    defect("item-value-assumed", "C13", "Breaks on an item without a Value.", ValueAssumed),
    defect("whole-numbers-only", "C14", "Breaks when the amount comes as 1.0 or 1.00.", WholeNumbersOnly),
    defect("item-list-assumed", "C15", "Breaks when the one item is not in a list.", ListAssumed),
    defect(
        "single-item-swallowed",
        "C15",
        "Refuses a single item without breaking, and asks nobody: the payment stays open.",
        SingleItemUnread,
        WaitsForCallbacks,
    ),
    defect("callback-json-assumed", "C20", "Breaks on a callback that is not JSON.", JsonAssumed),
    defect(
        "no-code-is-zero",
        "C20",
        "Takes a callback without a ResultCode for a success, and credits it.",
        NoCodeIsZero,
        BelievesCallbacks,
    ),
    defect("words-assumed", "F01", "Breaks when ResultDesc is no text.", WordsAssumed),
    defect(
        "success-needs-balance",
        "C25",
        "Reads five items by position, and refuses every success that has four.",
        SuccessNeedsBalance,
    ),
    defect("breaks-on-success", "C25", "Settles a success and then answers 500.", BreaksOnSuccess),
    defect(
        "odd-code-pays",
        "F01",
        "Breaks when ResultDesc is no text, and credits a ResultCode that is no code.",
        OddCodePays,
        WordsAssumed,
        BelievesCallbacks,
    ),
    defect("text-decides", "C23", "Decides by ResultDesc: what names no failure it knows is paid.", TextDecides),
    defect("old-is-expired", "C24", "Takes a success with an old TransactionDate for expired.", OldIsExpired),
    defect(
        "database-locks",
        "D02",
        "Holds the database's lock over a wait, and no other request waits for it.",
        LockHeldWhileWaiting,
        ImpatientStore,
    ),
)
