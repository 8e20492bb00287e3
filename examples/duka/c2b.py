"""Payments that customers begin themselves: validations, confirmations, and the search for lost payments."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web
from api import Api
from callbacks import CallbackPaths, Hooks, Unreadable
from daraja import EAST_AFRICA, AnswerLost, Daraja, NoToken, NotSent, Reply
from deposits import GOOD, DepositReader, Deposits
from records import State
from settings import Settings
from settlement import Reconciler
from work import Work

REGISTER = ("/mpesa/c2b/v2/registerurl", "/mpesa/c2b/v1/registerurl")
"""An app has one of the two versions. Daraja's answer shows which one."""
PULL_REGISTER = "/pulltransactions/v1/register"
PULL = "/pulltransactions/v1/query"
PREFIX = "/paid"
"""Daraja refuses words such as mpesa in a C2B URL."""
PULLED = timedelta(hours=47)
"""How far back lost payments are looked for; M-Pesa keeps them for 48 hours."""
MOST_PAGES = 100
REGISTERED = "pay bill registered"
"""A fact: this shop's URLs are known to Safaricom."""

log = logging.getLogger("duka")


class C2b:
    """The pay bill's own routes, and its calls to Daraja."""

    at_start = False
    """Whether the URLs are registered when the shop starts; else by POST /api/c2b/register."""

    def __init__(
        self,
        *,
        settings: Settings,
        daraja: Daraja,
        deposits: Deposits,
        reader: DepositReader,
        paths: CallbackPaths,
        hooks: Hooks,
        reconciler: Reconciler,
        api: Api,
        work: Work,
    ) -> None:
        self.settings = settings
        self.daraja = daraja
        self.deposits = deposits
        self.reader = reader
        self.hooks = hooks
        self.reconciler = reconciler
        self.api = api
        self.work = work
        self.path = f"{PREFIX}/{paths.mark('pay bill')}"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(self.path + "/validation", self.validation),
            web.post(self.path + "/confirmation", self.confirmation),
            web.post("/api/c2b/register", self.register_now),
            web.post("/api/c2b/pull", self.pull_now),
            web.post("/api/accounts", self.open_account),
            web.get("/api/accounts/{number}", self.account),
            web.get("/api/unallocated", self.unallocated),
        ]

    # Safaricom calls

    async def validation(self, request: web.Request) -> web.Response:
        """Validation: yes or no, within the second. It is a question, so that nothing is credited."""
        if not self.hooks.admits(request):
            return self.hooks.reply("Not accepted", status=403)
        try:
            verdict = self.deposits.verdict(self.reader.message(await self.body(request)))
        except Unreadable as error:
            log.warning("validation that cannot be read: %s", error)
            verdict = "C2B00016"
        text = "Accepted" if verdict == GOOD else "Rejected"
        return web.json_response({"ResultCode": verdict, "ResultDesc": text})

    async def confirmation(self, request: web.Request) -> web.Response:
        """Confirmation: money that was paid. Kept and credited before it is answered."""
        if not self.hooks.admits(request):
            return self.hooks.reply("Not accepted", status=403)
        try:
            deposit = self.reader.message(await self.body(request))
        except Unreadable as error:
            log.error("STAFF: confirmation that cannot be read: %s", error)
            return self.hooks.reply("Not a confirmation", status=400)
        if deposit.short_code != self.settings.short_code:
            log.error("STAFF: confirmation %s is about short code %s", deposit.receipt, deposit.short_code)
            return self.hooks.reply("Accepted")
        push = self.deposits.take(deposit)
        if push is not None and push.state is State.PENDING and push.claimed_at is None:
            self.deposits.store.claim(push.id, deposit.receipt)  # as its own callback would: claimed, then asked about
            self.reconciler.ask_now(push.id)
        return self.hooks.reply("Accepted")

    async def body(self, request: web.Request) -> object:
        try:
            return json.loads(await request.read())
        except ValueError as error:
            raise Unreadable("not JSON") from error

    # Calls to Daraja

    def resume(self) -> None:
        """What the shop does by itself while it runs."""
        if self.at_start:
            self.work.start(self.register_until_done())
        self.work.start(self.pull_for_ever())

    async def register_until_done(self) -> None:
        for pause_s in (1.0, 2.0, 4.0, 8.0, 16.0):
            if not await self.register():
                return
            await asyncio.sleep(pause_s)

    async def register(self) -> str:
        """Register the URLs; why they are not, else an empty text."""
        body = {
            "ShortCode": self.settings.short_code,
            "ResponseType": self.response_type(),
            "ConfirmationURL": f"{self.settings.public_url.rstrip('/')}{self.path}/confirmation",
            "ValidationURL": f"{self.settings.public_url.rstrip('/')}{self.path}/validation",
        }
        problem = ""
        for path in REGISTER:
            reply = await self.call(path, body)
            problem = self.problem(reply)
            if not (reply and self.is_of_other_version(reply)):
                break
        if problem:
            log.error("STAFF: the C2B URLs are not registered: %s", problem)
        elif not self.deposits.store.knows(REGISTERED):
            self.deposits.store.fact(REGISTERED, "yes")
            await self.call(PULL_REGISTER, {
                "ShortCode": self.settings.short_code, "RequestType": "Pull",
                "NominatedNumber": self.settings.nominated_number, "CallBackURL": self.settings.public_url,
            })  # fmt: skip
        return problem

    def response_type(self) -> str:
        """A validation that is not answered: the payment is made, and shows in the books."""
        return "Completed"

    def problem(self, reply: Reply | None) -> str:
        if reply is None:
            return "Daraja did not answer"
        if reply.status == 200 or self.is_registered_already(reply):
            return ""
        return reply.brief

    def is_registered_already(self, reply: Reply) -> bool:
        """Production registers once, so every later start gets this answer."""
        return "already registered" in reply.error_message.lower()

    def is_of_other_version(self, reply: Reply) -> bool:
        return reply.status == 401 or "apiproduct" in reply.error_message.lower()

    async def pull_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self.settings.pull_every_s)
            if self.deposits.store.knows(REGISTERED):
                await self.pull()

    async def pull(self) -> int:
        """Look for payments whose confirmation was lost; how many rows M-Pesa gave."""
        until = datetime.now(UTC).astimezone(EAST_AFRICA)
        seen = 0
        for _ in range(MOST_PAGES):
            rows = await self.page(until - PULLED, until, seen)
            for row in rows:
                self.recover(row)
            seen = self.next_offset(seen, rows)
            if not rows or not seen:
                break
        return seen

    def next_offset(self, seen: int, rows: list[Any]) -> int:
        return seen + len(rows)

    async def page(self, since: datetime, until: datetime, offset: int) -> list[Any]:
        """One page, from a row on. The rows stand in a list inside a list, which may be empty."""
        reply = await self.call(PULL, {
            "ShortCode": self.settings.short_code,
            "StartDate": f"{since:%Y-%m-%d %H:%M:%S}",
            "EndDate": f"{until:%Y-%m-%d %H:%M:%S}",
            "OffSetValue": str(offset),
        })  # fmt: skip
        listed = reply.body.get("Response") if reply is not None else None
        pages = listed if isinstance(listed, list) else []
        return [row for page in pages if isinstance(page, list) for row in page]

    def recover(self, row: object) -> None:
        try:
            self.deposits.take(self.reader.pulled(row))
        except Unreadable as error:
            log.error("STAFF: pulled row that cannot be read: %s", error)

    async def call(self, path: str, body: Mapping[str, object]) -> Reply | None:
        """The answer; None: there was none."""
        try:
            return await self.daraja.call(path, lambda: dict(body))
        except (NoToken, NotSent, AnswerLost) as error:
            log.warning("%s: %s", path, error)
            return None

    # Staff and customers call

    async def register_now(self, request: web.Request) -> web.Response:
        self.api.staff_only(request)
        if problem := await self.register():
            return web.json_response({"registered": False, "message": f"Not registered: {problem}"}, status=502)
        return web.json_response({"registered": True})

    async def pull_now(self, request: web.Request) -> web.Response:
        self.api.staff_only(request)
        return web.json_response({"rows": await self.pull()})

    async def open_account(self, request: web.Request) -> web.Response:
        """An account to pay into; with `amount`, what is due."""
        given = await self.api.body(request)
        due = given.get("amount")
        number = self.deposits.open(None if due is None else self.api.intake.amount(due))
        return web.json_response({"account": number, "due": due, "pay_bill": self.settings.short_code}, status=201)

    async def account(self, request: web.Request) -> web.Response:
        self.api.staff_only(request)
        found = self.deposits.find(request.match_info["number"])
        if found is None:
            raise web.HTTPNotFound(text='{"message": "There is no such account."}', content_type="application/json")
        payments = self.deposits.statement(found["number"])
        total = sum((Decimal(str(row["amount"])) for row in payments), Decimal(0))
        return web.json_response({"due": found["due"], "payments": payments, "total": str(total)})

    async def unallocated(self, request: web.Request) -> web.Response:
        self.api.staff_only(request)
        return web.json_response({"payments": self.deposits.unallocated()})
