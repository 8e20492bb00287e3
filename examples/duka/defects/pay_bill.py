"""What goes wrong with payments that customers begin themselves (rules B01 to B18)."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from aiohttp import web
from c2b import PREFIX, C2b
from daraja import EAST_AFRICA, Reply
from deposits import GOOD, Deposit, DepositReader, Deposits
from records import Payment, State
from store import Store

from defects.row import defect


class KeepsNoReceipts(Deposits):
    def keep(self, deposit: Deposit, account: str | None, push: Payment | None) -> None:
        again = Deposit(receipt=secrets.token_hex(5), amount=deposit.amount, typed=deposit.typed)
        super().keep(again, account, push)


class ReceiptsInMemory(KeepsNoReceipts):
    """Which receipts were credited is known to the process alone."""

    known: ClassVar[set[str]] = set()

    def keep(self, deposit: Deposit, account: str | None, push: Payment | None) -> None:
        if deposit.receipt not in self.known:
            self.known.add(deposit.receipt)
            super().keep(deposit, account, push)


class AnybodyConfirms(C2b):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.path = f"{PREFIX}/bill"


class IgnoresConfirmations(C2b):
    async def confirmation(self, request: web.Request) -> web.Response:
        await request.read()
        return self.hooks.reply("Accepted")


class CutsAtComma(DepositReader):
    def amount(self, text: str) -> Decimal:
        return super().amount(text.partition(",")[0])


class KnowsNumbers(DepositReader):
    accounts: ClassVar[dict[str, str]] = {}

    def message(self, body: object) -> Deposit:
        deposit = super().message(body)
        assert isinstance(body, dict)
        return replace(deposit, typed=self.accounts.setdefault(str(body["MSISDN"]), deposit.typed))


class GreetsByName(DepositReader):
    def message(self, body: object) -> Deposit:
        assert isinstance(body, dict)
        str(body["FirstName"]).title()
        return super().message(body)


class KnowsEveryKey(DepositReader):
    """As a class is into whose fields a message is unpacked."""

    keys = frozenset(
        [
            "TransactionType",
            "TransID",
            "TransTime",
            "TransAmount",
            "BusinessShortCode",
            "BillRefNumber",
            "InvoiceNumber",
            "OrgAccountBalance",
            "ThirdPartyTransID",
            "MSISDN",
            "FirstName",
            "MiddleName",
            "LastName",
        ]
    )

    def message(self, body: object) -> Deposit:
        assert isinstance(body, dict)
        if unknown := set(body) - self.keys:
            raise TypeError(f"unexpected keyword arguments {unknown}")
        return super().message(body)


class CreditsPushes(Deposits):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        for index in ("one_credit_per_payment", "one_credit_per_order", "one_credit_per_receipt"):
            self.db.execute(f"DROP INDEX IF EXISTS {index}")

    def take(self, deposit: Deposit) -> Payment | None:
        push = super().take(deposit)
        if push is not None:
            self.db.execute(
                "INSERT INTO credits VALUES (?, ?, ?, ?, ?)",
                (push.id, push.reference, push.amount, deposit.receipt, time.time()),
            )
        return push


class CreditsSettledPushes(CreditsPushes):
    """A push without a receipt is not known again: a status query settled it."""

    def take(self, deposit: Deposit) -> Payment | None:
        push = self.push_of(deposit)
        if push is not None and push.state is State.PAID and not push.receipt:
            return super().take(deposit)
        return Deposits.take(self, deposit)


class CreditsWhatIsDue(Deposits):
    def take(self, deposit: Deposit) -> Payment | None:
        account = self.find(deposit.typed)
        due = account["due"] if account is not None else None
        return super().take(deposit if due is None else replace(deposit, amount=Decimal(due)))


class DropsTheRest(Deposits):
    def take(self, deposit: Deposit) -> Payment | None:
        """What is above the amount due is nobody's."""
        account = self.find(deposit.typed)
        due = account["due"] if account is not None else None
        kept = deposit.amount if due is None else min(deposit.amount, Decimal(due))
        return super().take(replace(deposit, amount=kept))


class ParksPushes(Deposits):
    def push_of(self, deposit: Deposit) -> Payment | None:  # noqa: ARG002 - that is the defect
        return None

    def unallocated(self) -> list[dict[str, object]]:
        rows = self.db.execute("SELECT receipt, amount, typed, received_at FROM deposits WHERE account IS NULL")
        return [dict(row) for row in rows]


class CreditsQuestions(Deposits):
    def verdict(self, deposit: Deposit) -> str:
        self.take(deposit)
        return super().verdict(deposit)


class AcceptsAll(Deposits):
    def verdict(self, deposit: Deposit) -> str:  # noqa: ARG002 - that is the defect
        return GOOD


class RejectsWithStatus(C2b):
    async def validation(self, request: web.Request) -> web.Response:
        answer = await super().validation(request)
        if json.loads(answer.text or "{}").get("ResultCode") == GOOD:
            return answer
        return web.json_response({"error": "rejected"}, status=400)


class DropsUnknown(Deposits):
    def take(self, deposit: Deposit) -> Payment | None:
        return super().take(deposit) if self.find(deposit.typed) or self.push_of(deposit) else None


class DropsOtherAmounts(Deposits):
    def take(self, deposit: Deposit) -> Payment | None:
        account = self.find(deposit.typed)
        return super().take(deposit) if account is None or account["due"] == deposit.amount else None


class AnswersLate(C2b):
    async def validation(self, request: web.Request) -> web.Response:
        await asyncio.sleep(8.5)
        return await super().validation(request)


class PullsNothing(C2b):
    async def pull(self) -> int:
        return 0


class ReadsFirstPage(C2b):
    def next_offset(self, seen: int, rows: list[Any]) -> int:  # noqa: ARG002 - that is the defect
        return 0


class OwnResponseType(C2b):
    def response_type(self) -> str:
        return "completed"


class RegisteredIsAnError(C2b):
    def is_registered_already(self, reply: Reply) -> bool:  # noqa: ARG002 - that is the defect
        return False


class RegistersForEver(C2b):
    async def register(self) -> str:
        for _ in range(10):
            if not (problem := await super().register()):
                break
        return problem


class PastesAccounts(Deposits):
    def find(self, typed: str) -> sqlite3.Row | None:
        self.db.execute(f"SELECT number FROM accounts WHERE number = '{typed}'")
        return super().find(typed)


class PastesNames(DepositReader):
    """The letter of thanks is looked up by the payer's first name."""

    def message(self, body: object) -> Deposit:
        with closing(sqlite3.connect(":memory:")) as letters:
            letters.execute(f"SELECT '{body.get('FirstName', '') if isinstance(body, dict) else ''}'")
        return super().message(body)


class ListAsPage(C2b):
    """As a page of staff is that prints what the customer typed."""

    async def unallocated(self, request: web.Request) -> web.Response:
        answer = await super().unallocated(request)
        return web.Response(text=answer.text, status=answer.status, content_type="text/html")


class ValidationTakesReceipt(Deposits):
    """Validations and confirmations are written into one table, whose key is the receipt."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.db.execute("CREATE TABLE IF NOT EXISTS heard (receipt TEXT PRIMARY KEY)")

    def verdict(self, deposit: Deposit) -> str:
        self.db.execute("INSERT INTO heard VALUES (?) ON CONFLICT DO NOTHING", (deposit.receipt,))
        return super().verdict(deposit)

    def keep(self, deposit: Deposit, account: str | None, push: Payment | None) -> None:
        new = self.db.execute("INSERT INTO heard VALUES (?) ON CONFLICT DO NOTHING", (deposit.receipt,))
        if new.rowcount:
            super().keep(deposit, account, push)


class OneQuestion(Deposits):
    """An account that is being paid takes no other payment until that one is confirmed."""

    asked: ClassVar[set[str]] = set()

    def verdict(self, deposit: Deposit) -> str:
        verdict = super().verdict(deposit)
        if verdict == GOOD and deposit.typed in self.asked:
            return "C2B00016"
        self.asked.add(deposit.typed)
        return verdict

    def keep(self, deposit: Deposit, account: str | None, push: Payment | None) -> None:
        self.asked.discard(deposit.typed)
        super().keep(deposit, account, push)


class StartsWith(Deposits):
    def find(self, typed: str) -> sqlite3.Row | None:
        number = re.sub(r"[^A-Z0-9]", "", typed.upper())
        like = "SELECT * FROM accounts WHERE ? != '' AND number LIKE ? || '%'"
        row: sqlite3.Row | None = self.db.execute(like, (number, number)).fetchone()
        return super().find(typed) or row


class PullsSinceNewest(C2b):
    since = datetime.fromtimestamp(0, UTC)

    async def pull(self) -> int:
        newest = self.deposits.db.execute("SELECT max(received_at) FROM deposits").fetchone()[0]
        self.since = datetime.fromtimestamp(newest or 0.0, UTC).astimezone(EAST_AFRICA)
        return await super().pull()

    async def page(self, since: datetime, until: datetime, offset: int) -> list[Any]:
        return await super().page(max(since, self.since), until, offset)


class TakenForPush(Deposits):
    """What looks like the confirmation of an open prompt belongs to it, whatever becomes of the prompt."""

    def unallocated(self) -> list[dict[str, object]]:
        rows = self.db.execute(
            "SELECT receipt, amount, typed, received_at FROM deposits WHERE account IS NULL AND payment_id IS NULL"
            " AND receipt NOT IN (SELECT receipt FROM payments WHERE receipt IS NOT NULL) ORDER BY rowid"
        )
        return [dict(row) for row in rows]


class ClaimsNothing(C2b):
    """A confirmation is booked, and its prompt left to itself."""

    async def confirmation(self, request: web.Request) -> web.Response:
        self.deposits.take(self.reader.message(await self.body(request)))
        return self.hooks.reply("Accepted")


ROWS = (
    defect("c2b-credits-each-message", "B07 M01", "Credits a confirmation each time it comes.", KeepsNoReceipts),
    defect("c2b-restart-forgets", "R02", "Forgets at a restart which receipts it has credited.", ReceiptsInMemory),
    defect("c2b-credits-pushes", "B12", "Credits an STK payment again when C2B confirms it.", CreditsPushes),
    defect(
        "c2b-credits-settled-pushes",
        "B12",
        "Credits an STK payment that a query settled again when C2B confirms it.",
        CreditsSettledPushes,
    ),
    defect("c2b-credits-what-is-due", "B13", "Credits what is due, whatever was paid.", CreditsWhatIsDue),
    defect("c2b-drops-the-rest", "B13", "Credits at most what is due, and drops the rest.", DropsTheRest),
    defect("c2b-parks-pushes", "B12", "Lists STK payments that C2B confirms as unallocated.", ParksPushes),
    defect(
        "c2b-believes-anyone",
        "B18",
        "Credits what a stranger confirms, at an address that anybody can guess.",
        AnybodyConfirms,
    ),
    defect("c2b-credits-questions", "B06", "Credits a payment when it is validated.", CreditsQuestions),
    defect("c2b-accepts-all", "B05", "Accepts every validation.", AcceptsAll),
    defect("c2b-rejects-with-400", "B05", "Rejects a validation with HTTP 400.", RejectsWithStatus),
    defect("c2b-ignores-confirmations", "B16", "Says yes to confirmations and does nothing.", IgnoresConfirmations),
    defect("c2b-cuts-at-comma", "B08", "Reads an amount up to the first comma.", CutsAtComma),
    defect("c2b-drops-unknown", "B11", "Drops payments for accounts that it does not have.", DropsUnknown),
    defect("c2b-drops-other-amounts", "B13", "Drops payments that are not exactly what is due.", DropsOtherAmounts),
    defect("c2b-knows-numbers", "B09", "Credits the customer who paid from this masked number before.", KnowsNumbers),
    defect("c2b-greets-by-name", "B10", "Breaks when the first name is missing.", GreetsByName),
    defect("c2b-knows-every-key", "B10", "Breaks when a confirmation has a key that is new.", KnowsEveryKey),
    defect("c2b-pulls-nothing", "B14", "Does not look for lost confirmations.", PullsNothing),
    defect("c2b-reads-first-page", "B15", "Reads the first page of a pull alone.", ReadsFirstPage),
    defect("c2b-own-response-type", "B01", "Registers with ResponseType in small letters.", OwnResponseType),
    defect("c2b-registered-is-an-error", "B02", "Takes URLs that are registered for an error.", RegisteredIsAnError),
    defect("c2b-registers-for-ever", "B03", "Registers again and again when the version is refused.", RegistersForEver),
    defect("c2b-answers-late", "B04", "Takes longer than 8 seconds for a validation.", AnswersLate),
    defect("c2b-pastes-into-sql", "S19", "Pastes the account that a customer typed into SQL.", PastesAccounts),
    defect("c2b-pastes-names", "S19", "Pastes the first name of a payer into SQL.", PastesNames),
    defect("c2b-list-as-page", "U09", "Shows unallocated payments on a page, as customers typed them.", ListAsPage),
    defect(
        "c2b-validation-takes-receipt",
        "B06",
        "Notes the receipt of a validation, and takes the confirmation for a repetition.",
        ValidationTakesReceipt,
    ),
    defect(
        "c2b-one-question",
        "B06",
        "Rejects payments into an account while a validated one is not confirmed, for ever.",
        OneQuestion,
    ),
    defect("c2b-starts-with", "B11", "Credits an account whose number begins with what was typed.", StartsWith),
    defect("c2b-pulls-since-newest", "B14", "Pulls what is newer than the newest payment it knows.", PullsSinceNewest),
    defect(
        "c2b-taken-for-push",
        "B12",
        "Takes what a customer pays by hand for the confirmation of an open prompt.",
        TakenForPush,
        ClaimsNothing,
    ),
)
