"""What goes wrong with refunds (rules P16, P17, P25, M08)."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from typing import Any

from aiohttp import web
from api import Api
from daraja import AnswerLost
from records import Payment, State
from refunds import FAILED, PENDING, REFUNDED, REVERSED_BEFORE, REVIEW, Refunds

from defects.row import defect

PAYOUT = "/mpesa/b2c/v3/paymentrequest"
RETURNS = "CREATE TABLE IF NOT EXISTS returns (reference TEXT, amount INTEGER)"


class AnyResultRefunds(Refunds):
    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:  # noqa: ARG002 - that is the defect
        self.store.end_refund(payment.id, REFUNDED)


class ReversesRequest(Refunds):
    def transaction_id(self, payment: Payment) -> str:
        return str(payment.checkout_request_id)


class ReversesNewest(Refunds):
    def transaction_id(self, payment: Payment) -> str:
        newest = self.store.find("receipt IS NOT NULL") or payment
        return str(newest.receipt)


class KeepsAFee(Refunds):
    def body(self, payment: Payment) -> dict[str, object]:
        return {**super().body(payment), "Amount": payment.amount - 10}


class EachClickReverses(Refunds):
    def begin(self, payment: Payment) -> bool:
        self.store.open_refund(payment.id, PENDING)
        return True


class PaysOut(Refunds):
    """Gives the money back by a payout where the reversal did not do what was hoped."""

    async def pay_out(self, payment: Payment) -> None:
        kept = ("SecurityCredential", "Amount", "ResultURL", "QueueTimeOutURL", "Remarks")
        body = {name: value for name, value in self.body(payment).items() if name in kept} | {
            "OriginatorConversationID": f"duka-{secrets.token_hex(8)}",
            "InitiatorName": self.settings.initiator,
            "CommandID": "BusinessPayment",
            "PartyA": self.settings.short_code,
            "PartyB": payment.msisdn,
        }
        await self.daraja.call(PAYOUT, lambda: body)


class PaysOutWhenReversed(PaysOut):
    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:
        if str(result.get("ResultCode")) == REVERSED_BEFORE:
            await self.pay_out(payment)
        else:
            await super().settle(payment, result)


class PaysOutWhenUnsure(PaysOut):
    async def unsure(self, payment: Payment, why: str) -> None:
        await super().unsure(payment, why)
        with suppress(AnswerLost):
            await self.pay_out(payment)


class PaysOutAtNextClick(PaysOut):
    """The row holds off a second click while the refund is under way alone."""

    ended = REFUNDED

    async def start(self, request: web.Request) -> web.Response:
        payment = self.api.known(request)
        if self.store.refund(payment.id) != self.ended:
            return await super().start(request)
        await self.pay_out(payment)
        return web.json_response({"id": payment.id, "status": PENDING}, status=202)


class PaysOutAtClickWhenUnsure(PaysOutAtNextClick):
    ended = REVIEW


class PaysOutWhatFailed(PaysOut):
    async def start(self, request: web.Request) -> web.Response:
        payment = self.api.known(request)
        if payment.state is State.FAILED:
            await self.pay_out(payment)
            return web.json_response({"id": payment.id, "status": PENDING}, status=202)
        return await super().start(request)


class UnsureIsFailed(Refunds):
    async def unsure(self, payment: Payment, why: str) -> None:  # noqa: ARG002 - that is the defect
        self.store.end_refund(payment.id, FAILED)


class LateIsFailed(Refunds):
    async def receive(self, request: web.Request) -> web.Response:
        if request.match_info["what"] == "late":
            self.store.end_refund(request.match_info["id"], FAILED)
        return await super().receive(request)


class NumbersOnly(Refunds):
    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:
        code = str(result.get("ResultCode"))
        self.store.end_refund(payment.id, FAILED if code.isdigit() and int(code) else REFUNDED)


class ResultOfNewest(Refunds):
    """A result ends the newest refund that waits for one."""

    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:
        newest = self.store.connection.execute(
            "SELECT payment_id FROM refunds WHERE state = ? ORDER BY rowid DESC LIMIT 1", (PENDING,)
        ).fetchone()
        await super().settle((newest and self.store.get(newest[0])) or payment, result)


class BooksEachResult(Refunds):
    """Each result of a reversal is a row of the ledger."""

    async def settle(self, payment: Payment, result: dict[str, Any]) -> None:
        await super().settle(payment, result)
        if str(result.get("ResultCode")) == "0":
            self.store.connection.execute(RETURNS)
            self.store.connection.execute("INSERT INTO returns VALUES (?, ?)", (payment.reference, payment.amount))


class LedgerWithReturns(Api):
    """The sum of an order is less by what was given back."""

    async def ledger(self, request: web.Request) -> web.Response:
        answer = await super().ledger(request)
        shown = json.loads(answer.text or "{}")
        self.store.connection.execute(RETURNS)
        given = self.store.connection.execute(
            "SELECT coalesce(sum(amount), 0) FROM returns WHERE reference = ?", (request.query.get("reference", ""),)
        ).fetchone()[0]
        return web.json_response({**shown, "total": shown["total"] - given})


ROWS = (
    defect("any-result-refunds", "P16", "Takes every result of a reversal for a refund.", AnyResultRefunds),
    defect("text-code-refunds", "P16", "Takes a result code that is text for a refund.", NumbersOnly),
    defect("reverses-request", "P16", "Names the CheckoutRequestID, not the receipt, in a reversal.", ReversesRequest),
    defect("reverses-newest", "P16", "Names the receipt of the newest payment of any customer.", ReversesNewest),
    defect("refund-keeps-a-fee", "P16", "Gives ten shillings less back than were paid.", KeepsAFee),
    defect("late-refund-is-failed", "P16", "Calls a refund failed at a queue time-out.", LateIsFailed),
    defect("unsure-refund-is-failed", "P17", "Calls a refund failed whose answer is lost.", UnsureIsFailed),
    defect("each-click-reverses", "P17", "Sends a reversal for each click on refund.", EachClickReverses),
    defect("pays-out-when-reversed", "P17", "Pays out what was reversed before.", PaysOutWhenReversed),
    defect("pays-out-when-unsure", "P17 M08", "Pays out when a reversal's answer is lost.", PaysOutWhenUnsure),
    defect("pays-out-when-done", "P17", "Pays out when refund is clicked for what was given back.", PaysOutAtNextClick),
    defect(
        "pays-out-at-click",
        "P17",
        "Pays out when refund is clicked for what may be given back.",
        PaysOutAtClickWhenUnsure,
    ),
    defect("refunds-what-failed", "P17", "Refunds a payment that failed, by a payout.", PaysOutWhatFailed),
    defect("refund-result-of-newest", "P16", "Files a result under the newest refund that waits.", ResultOfNewest),
    defect(
        "refund-booked-twice",
        "P25",
        "Takes a refund off its order at each result of the reversal.",
        BooksEachResult,
        LedgerWithReturns,
    ),
)
