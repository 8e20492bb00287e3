"""What goes wrong when two things happen to one payment at once (rules B12, B17, C03, Q14, R02)."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from typing import ClassVar

from aiohttp import web
from c2b import C2b
from callbacks import Hooks
from records import Answer, Payment, QueryOutcome, Result, State
from settlement import Reconciler, Settlement
from store import Store
from work import Workers

from defects.credits import ForgetsCredits
from defects.queries import CreditsWhatItHears, WaitsForCallbacks
from defects.row import defect

MEANWHILE_S = 0.1
"""A letter to the customer, a second query of the database: what there is to do between looking and acting."""


class UnguardedStore(Store):
    """Credits each message, as often as it comes."""

    def __init__(self, database: str) -> None:
        super().__init__(database)
        for index in ("one_credit_per_payment", "one_credit_per_order", "one_credit_per_receipt"):
            self._db.execute(f"DROP INDEX IF EXISTS {index}")

    def insert_credit(self, payment: Payment, receipt: str | None) -> None:
        self._db.execute(
            "INSERT INTO credits VALUES (?, ?, ?, ?, ?)",
            (payment.id, payment.reference, payment.amount, receipt, time.time()),
        )


class SavesTheRowItRead(Reconciler):
    """Lost update: the whole row is written back as it was before the question."""

    async def _ask(self, payment_id: str) -> None:
        read = self._store.get(payment_id)
        await super()._ask(payment_id)
        latest = self._store.get(payment_id)
        if read is not None and latest is not None and read.state is not latest.state and not read.claimed_at:
            self._store.connection.execute(
                "UPDATE payments SET state = ?, topic = ?, receipt = ?, awaiting = 1 WHERE id = ?",
                (read.state, read.topic, read.receipt, payment_id),
            )


class ActsOnWhatItSaw(Reconciler):
    """Check, then act: whether the payment is credited is looked up before the question."""

    async def _ask(self, payment_id: str) -> None:
        seen = self._store.get(payment_id)
        if seen is None or seen.checkout_request_id is None or not self.is_open(seen):
            return
        answer: Answer = await self._daraja.query(seen.checkout_request_id)
        if answer.outcome is not QueryOutcome.SUCCESS:
            self._settlement.learn(seen, answer)
            return
        assert isinstance(self._store, UnguardedStore)
        self._store.mark_paid(seen, seen.receipt)
        self._store.insert_credit(seen, seen.receipt)


class CreditsThenNotes(Hooks):
    """The credit and the mark that it was made are two transactions, with a letter to the customer between them."""

    at_work: ClassVar[set[str]] = set()

    async def settle(self, number: int, payment_id: str, result: Result) -> None:
        payment = self.store.get(payment_id)
        if payment is None or not result.success or payment.state is State.PAID or payment_id in self.at_work:
            return await super().settle(number, payment_id, result)
        assert isinstance(self.store, UnguardedStore)
        self.at_work.add(payment_id)
        self.store.insert_credit(payment, result.receipt)
        await asyncio.sleep(0.4)
        self.store.mark_paid(payment, result.receipt)
        self.store.message_handled(number)
        return None


class KeepsInMemory(Hooks):
    def keep(self, payment_id: str, raw: bytes) -> int:  # noqa: ARG002 - that is the defect
        return 0

    async def settle(self, number: int, payment_id: str, result: Result) -> None:
        await asyncio.sleep(0.3)
        await super().settle(number, payment_id, result)


class LooksThenCredits(C2b):
    """Check, then act: a confirmation of a push credits it if its callback had not come when it looked."""

    seen: ClassVar[set[str]] = set()

    async def confirmation(self, request: web.Request) -> web.Response:
        deposit = self.reader.message(await self.body(request))
        push = self.deposits.push_of(deposit)
        if push is None or push.state is State.PAID or deposit.receipt in self.seen:
            return await super().confirmation(request)
        self.seen.add(deposit.receipt)
        await asyncio.sleep(MEANWHILE_S)
        assert isinstance(self.deposits.store, UnguardedStore)
        self.deposits.store.mark_paid(push, deposit.receipt)
        self.deposits.store.insert_credit(push, deposit.receipt)
        return await super().confirmation(request)


class ReadsTheBalanceFirst(C2b):
    """Read, change, write: the balance of an account is kept as one number."""

    balances: ClassVar[dict[str, Decimal]] = {}

    async def confirmation(self, request: web.Request) -> web.Response:
        deposit = self.reader.message(await self.body(request))
        account = self.deposits.find(deposit.typed)
        if account is None:
            return await super().confirmation(request)
        number = account["number"]
        is_new = deposit.receipt not in {row["receipt"] for row in self.deposits.statement(number)}
        before = self.balances.get(number, Decimal(0))
        answer = await super().confirmation(request)
        await asyncio.sleep(MEANWHILE_S)
        if is_new:
            self.balances[number] = before + deposit.amount
        return answer

    async def account(self, request: web.Request) -> web.Response:
        shown = json.loads((await super().account(request)).text or "{}")
        balance = self.balances.get(request.match_info["number"], Decimal(0))
        return web.json_response({**shown, "total": str(balance)})


class GuardsInMemory(Settlement):
    """Each process remembers what it has credited, and knows nothing of the other."""

    credited: ClassVar[set[str]] = set()

    def credit_once(self, payment: Payment, receipt: str | None) -> None:
        if payment.id not in self.credited:
            self.credited.add(payment.id)
            self.store.credit(payment, receipt)

    def hear_success(self, payment: Payment, result: Result) -> bool:
        self.credit_once(payment, result.receipt)
        return False

    def credit(self, payment: Payment) -> None:
        self.credit_once(payment, payment.claimed_receipt)


class TwoWorkers(Workers):
    count = 2


class PullCreditsPushes(C2b):
    """The receipts of pulled payments are in one table, and those of prompts in another."""

    pulled: ClassVar[set[str]] = set()

    def recover(self, row: object) -> None:
        super().recover(row)
        deposit = self.reader.pulled(row)
        push = self.deposits.push_of(deposit)
        if push is not None and deposit.receipt not in self.pulled:
            self.pulled.add(deposit.receipt)
            assert isinstance(self.deposits.store, UnguardedStore)
            self.deposits.store.insert_credit(push, deposit.receipt)


class AccountInField(C2b):
    """As a field is of an object that serves all requests."""

    typed = ""

    async def body(self, request: web.Request) -> object:
        body = await super().body(request)
        if isinstance(body, dict) and request.path.endswith("/confirmation"):
            self.typed = str(body.get("BillRefNumber") or "")
            await asyncio.sleep(MEANWHILE_S)
            body["BillRefNumber"] = self.typed
        return body


ROWS = (
    defect(
        "stale-row-saved",
        "Q14",
        "Saves the row that it read before a query, over what a callback wrote meanwhile.",
        SavesTheRowItRead,
        CreditsWhatItHears,
    ),
    defect(
        "acts-on-what-it-saw",
        "Q14",
        "Looks whether a payment is credited, asks M-Pesa, and then credits it.",
        ActsOnWhatItSaw,
        CreditsWhatItHears,
        UnguardedStore,
    ),
    defect(
        "credits-then-notes",
        "R02",
        "Credits a callback, and marks it as done in a second transaction.",
        CreditsThenNotes,
        UnguardedStore,
    ),
    defect(
        "kept-in-memory",
        "R02",
        "Answers a callback, keeps it in memory until it is worked on, and asks nobody.",
        KeepsInMemory,
        WaitsForCallbacks,
    ),
    defect(
        "receipt-in-memory",
        "R02",
        "Answers a callback, keeps it in memory until it is worked on, and asks M-Pesa after a crash.",
        KeepsInMemory,
    ),
    defect(
        "c2b-looks-then-credits",
        "B12",
        "Looks whether an STK payment is credited, and credits it by its C2B confirmation a moment later.",
        LooksThenCredits,
        CreditsWhatItHears,
        UnguardedStore,
    ),
    defect(
        "c2b-balance-written-back",
        "B17",
        "Reads the balance of an account, adds a payment, and writes it back.",
        ReadsTheBalanceFirst,
    ),
    defect(
        "guards-in-memory",
        "C03",
        "Runs as two processes, of which each remembers by itself what it has credited.",
        GuardsInMemory,
        ForgetsCredits,
        TwoWorkers,
    ),
    defect(
        "c2b-pull-credits-pushes",
        "B15",
        "Credits an STK payment again when a pull lists it.",
        PullCreditsPushes,
        UnguardedStore,
    ),
    defect(
        "c2b-account-in-field",
        "B17",
        "Keeps the account of a confirmation where all requests find it.",
        AccountInField,
    ),
)
