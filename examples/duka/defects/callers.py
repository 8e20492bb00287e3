"""What goes wrong at the callback's door (rules C01, C02, C06, C07, C08, C21, C22)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web
from callbacks import PREFIX, SOURCES, CallbackPaths, CallbackReader, Hooks
from records import Payment, Result, State, Topic
from settlement import Settlement
from store import Store

from defects.credits import CancelledForGood
from defects.row import defect


class SlowReply(Hooks):
    async def receive(self, request: web.Request) -> web.Response:
        response = await super().receive(request)
        await asyncio.sleep(6.0)
        return response


class UnknownRefused(Hooks):
    def match(self, payment_id: str | None, result: Result) -> str | None:
        known = super().match(payment_id, result)
        payment = self.store.get(known) if known else None
        same = payment and payment.checkout_request_id in {None, result.checkout_request_id}
        return known if same else None

    def unknown(self, result: Result) -> web.Response:  # noqa: ARG002 - the shape of the part
        return self.reply("Not found", status=404)


class AnyPath(CallbackPaths):
    def payment_id(self, path: str) -> str | None:
        return path.removeprefix(PREFIX).strip("/").partition("/")[0]


class DigestInPath(CallbackPaths):
    def mark(self, payment_id: str) -> str:
        return hashlib.md5(payment_id.encode(), usedforsecurity=False).hexdigest()


class BelievesCallbacks(Settlement):
    def hear_success(self, payment: Payment, result: Result) -> bool:
        if super().hear_success(payment, result) and (latest := self.store.get(payment.id)):
            self.credit(latest)
        return False


class NumbersAlone(CallbackReader):
    def amount(self, items: Mapping[str, object]) -> Decimal | None:
        return super().amount(items) if isinstance(items.get("Amount"), int | float) else None


class TenSecondsLate(Hooks):
    async def receive(self, request: web.Request) -> web.Response:
        response = await super().receive(request)
        await asyncio.sleep(10.0)
        return response


class LastWordCounts(Settlement):
    def hear_failure(self, payment: Payment, result: Result) -> bool:
        """The failure undoes the payment and takes the credit back, as if there never was one."""
        self.store._db.execute("DELETE FROM credits WHERE payment_id = ?", (payment.id,))
        self.store._db.execute(
            "UPDATE payments SET state = ?, topic = ?, result_code = ?, awaiting = 0, claimed_at = NULL WHERE id = ?",
            (State.FAILED, Topic.CODE, result.code, payment.id),
        )
        return False


class BreaksOnStrangers(Hooks):
    async def receive(self, request: web.Request) -> web.Response:
        response = await super().receive(request)
        if CallbackPaths.payment_id(self.paths, request.path) is None:
            return self.reply("Internal Server Error", status=500)
        return response


class FourAddresses(Hooks):
    def admits(self, request: web.Request) -> bool:
        return request.headers.get("X-Forwarded-For", "196.201.214.200").startswith("196.201.214.")


class LeftEndRead(Hooks):
    def admits(self, request: web.Request) -> bool:
        return request.headers.get("X-Forwarded-For", "").partition(",")[0].strip() in SOURCES


class AnyHeaderWillDo(Hooks):
    def admits(self, request: web.Request) -> bool:
        return request.headers.get("X-Real-IP", request.headers.get("X-Forwarded-For", "")) in SOURCES


class NothingKept(Store):
    def keep_message(self, payment_id: str | None, raw: str) -> int:  # noqa: ARG002 - that is the defect
        return 0


class AnyMethod(Hooks):
    def routes(self) -> list[web.RouteDef]:
        return [*super().routes(), web.get(PREFIX + "/{rest:.*}", self.visited)]

    async def visited(self, request: web.Request) -> web.Response:
        if payment_id := self.paths.payment_id(request.path):
            self.store.fail(payment_id, Topic.CODE, result_code="1032")
        return self.reply("Accepted")


class VisitFailsTheNewest(AnyMethod):
    async def visited(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the shape of a handler
        if newest := self.store.find("state = ?", State.PENDING):
            self.store.fail(newest.id, Topic.CODE, result_code="1032")
        return self.reply("Accepted")


ROWS = (
    defect("slow-reply", "C01", "Works for six seconds before it answers a callback.", SlowReply),
    defect("unknown-refused", "C02", "Answers 404 to callbacks it does not know.", UnknownRefused),
    defect("believes-anyone", "C07", "Credits whatever a callback says, on any path.", AnyPath, BelievesCallbacks),
    defect(
        "digest-in-path",
        "C07",
        "Makes the secret of a callback's path of the payment's id, and believes the callback.",
        DigestInPath,
        BelievesCallbacks,
    ),
    defect(
        "believes-slowly",
        "C07",
        "Credits a forgery, answers it after ten seconds, and lets the true failure undo the credit.",
        AnyPath,
        BelievesCallbacks,
        TenSecondsLate,
        LastWordCounts,
    ),
    defect(
        "believes-and-breaks",
        "C07",
        "Credits what a stranger sends, and answers the stranger 500.",
        AnyPath,
        BelievesCallbacks,
        BreaksOnStrangers,
    ),
    defect(
        "left-end-read",
        "C07",
        "Takes the first address of X-Forwarded-For for the caller's, and then believes the callback.",
        AnyPath,
        BelievesCallbacks,
        LeftEndRead,
    ),
    defect(
        "any-header-will-do",
        "C07 C08",
        "Reads the caller's address from a header that its proxy does not write, and compares a list as a whole.",
        AnyPath,
        BelievesCallbacks,
        AnyHeaderWillDo,
    ),
    defect(
        "strangers-cancel",
        "C07",
        "Takes a stranger's failure for the end of a payment, and drops the success that follows.",
        AnyPath,
        CancelledForGood,
    ),
    defect(
        "text-amount-unread",
        "C06",
        "Compares an amount only where it is a number, and believes the callback.",
        NumbersAlone,
        BelievesCallbacks,
    ),
    defect("four-addresses", "C08", "Admits callbacks from 196.201.214.x only.", FourAddresses),
    defect("nothing-kept", "C21", "Does not keep what Safaricom sent.", NothingKept),
    defect("any-method", "C22", "Takes a GET of the callback path for a cancelled payment.", AnyMethod),
    defect(
        "visit-fails-newest", "C22", "Fails the newest open payment at a GET of its callback path.", VisitFailsTheNewest
    ),
)
