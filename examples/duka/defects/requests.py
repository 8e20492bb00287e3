"""What goes wrong with the push request (rules S01 to S18)."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import web
from api import Api
from callbacks import PREFIX, CallbackPaths, Hooks
from checkout import AnyTotal, Checkout, SplitCheckout
from daraja import EAST_AFRICA, Daraja
from intake import MOST, InputProblem, Intake
from messages import Messages
from records import Ack, Order, Payment, Result, Topic
from store import Store

from defects.row import defect


class PasswordOfAnotherMoment(Daraja):
    def password(self, timestamp: str) -> str:
        return super().password(str(int(timestamp) - 1))


class TimestampForPeople(Daraja):
    def timestamp(self) -> str:
        return datetime.now(UTC).astimezone(EAST_AFRICA).strftime("%Y-%m-%d %H:%M:%S")


class TimestampFrozen(Daraja):
    first = ""

    def timestamp(self) -> str:
        self.first = self.first or super().timestamp()
        return self.first


class MinutesOfTheStart(Daraja):
    """The minutes were meant to be `%M`; what is written there does not move."""

    minutes = f"{(datetime.now(UTC).minute + 30) % 60:02}"

    def timestamp(self) -> str:
        stamp = super().timestamp()
        return stamp[:10] + self.minutes + stamp[12:]


class AmountWithPoint(Daraja):
    async def push(self, *, amount: int, **named: str) -> Ack:
        return await super().push(amount=float(amount), **named)  # type: ignore[arg-type]  # that is the defect


class NoLeastAmount(Intake):
    def amount(self, given: object) -> int:
        return int(self._number(given))


class HostOfTheRequest(Api):
    async def pay(self, request: web.Request) -> web.Response:
        host = request.headers.get("X-Forwarded-Host", request.host)
        self.checkout.paths.public_url = f"https://{host}"
        return await super().pay(request)


class CentsDropped(Intake):
    def amount(self, given: object) -> int:
        return super().amount(int(self._number(given)))


class NoLimit(Intake):
    def check_limit(self, shillings: Decimal) -> None:
        pass


class AmountErrorAsSent(Messages):
    def topic(self, payment: Payment) -> str:
        return (
            "400.002.02 Bad Request - Invalid Amount" if payment.topic is Topic.BAD_AMOUNT else super().topic(payment)
        )


class PartsOfTheLimit(SplitCheckout):
    def amounts(self, total: int) -> Iterator[int]:
        yield from [MOST] * len(list(super().amounts(total)))


class FirstPartPays(SplitCheckout):
    def part_paid(self, whole: Payment, number: int) -> None:  # noqa: ARG002 - that is the defect
        self._store.credit(whole, None)


class PhoneAsTyped(Intake):
    def msisdn(self, typed: str) -> str:
        return typed


class OldPrefixes(Intake):
    def msisdn(self, typed: str) -> str:
        msisdn = super().msisdn(typed)
        if not re.match("2547", msisdn):
            raise InputProblem("M-Pesa numbers begin with 07.")
        return msisdn


class PrefixTable(Intake):
    """Published clients have such a table: findings/prefix_tables.sh."""

    def msisdn(self, typed: str) -> str:
        msisdn = super().msisdn(typed)
        if not re.match("254(7[01249]|1)", msisdn):
            raise InputProblem("This is no number of Safaricom.")
        return msisdn


class CountryCodeDropped(Intake):
    """The national number of a customer in Tanzania is one of Kenya's too."""

    def msisdn(self, typed: str) -> str:
        found = re.fullmatch(r"\+\d{3}([17]\d{8})", typed)
        return "254" + found[1] if found else super().msisdn(typed)


class ReferenceAsTyped(Intake):
    def account_reference(self, reference: str) -> str:
        return reference


class TillTwice(Daraja):
    def party_b(self) -> str:
        return self._settings.short_code


class TestNumberPays(Daraja):
    def party_a(self, msisdn: str) -> str:  # noqa: ARG002 - that is the defect
        return "254708374149"


class OneNumberForAll(Daraja):
    async def push(self, *, msisdn: str, amount: int, **named: str) -> Ack:  # noqa: ARG002 - that is the defect
        return await super().push(msisdn="254708374149", amount=amount, **named)


class NumberOfTheLastRequest(Checkout):
    msisdn = ""

    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        self.msisdn = order.msisdn
        return await super().pay(order, idempotency_key)

    async def push_once(self, payment: Payment) -> Ack:
        await asyncio.sleep(0.1)  # something is looked up; see findings/ussd_order_of_other_phone.sh
        return await super().push_once(replace(payment, msisdn=self.msisdn))


class NeverAgain(Store):
    def open_order(self, order: Order) -> str:
        if self.find("reference = ? AND state = 'FAILED'", order.reference):
            raise LookupError("the order has a payment")
        return super().open_order(order)


class NeverAgainUnlessCancelled(Store):
    def open_order(self, order: Order) -> str:
        if self.find("reference = ? AND state = 'FAILED' AND result_code NOT IN ('1032', '')", order.reference):
            raise LookupError("the order has a payment")
        return super().open_order(order)


class PaidIsForgotten(Store):
    def mark_paid(self, payment: Payment, receipt: str | None) -> bool:
        self._db.execute("UPDATE payments SET open_order = NULL WHERE id = ?", (payment.id,))
        return super().mark_paid(payment, receipt)


class OnePath(CallbackPaths):
    def url(self, payment_id: str) -> str:  # noqa: ARG002 - that is the defect
        return f"{self.public_url}{PREFIX}/callback"


class FindsByCheckoutRequestId(Hooks):
    """What is left to a shop whose callback path names no payment."""

    def match(self, payment_id: str | None, result: Result) -> str | None:  # noqa: ARG002
        payment = self.store.find("checkout_request_id = ?", result.checkout_request_id)
        return payment.id if payment else None


class EveryClickPays(Store):
    def open(self, order: Order, *, idempotency_key: str | None) -> tuple[Payment, bool]:  # noqa: ARG002
        return super().open(order, idempotency_key=None)

    def open_order(self, order: Order) -> str:
        return order.reference + secrets.token_hex(8)


class EveryKeyPays(Store):
    def open(self, order: Order, *, idempotency_key: str | None) -> tuple[Payment, bool]:
        known = self.find("idempotency_key = ?", idempotency_key) if idempotency_key else None
        return (known, False) if known else super().open(order, idempotency_key=idempotency_key)

    def open_order(self, order: Order) -> str:
        return order.reference + secrets.token_hex(8)


class OpenForFiveSeconds(Store):
    def open(self, order: Order, *, idempotency_key: str | None) -> tuple[Payment, bool]:
        self._db.execute(
            "UPDATE payments SET open_order = NULL, idempotency_key = NULL WHERE open_order = ? AND created_at < ?",
            (order.reference, time.time() - 5),
        )
        return super().open(order, idempotency_key=idempotency_key)


class PastesIntoSql(Store):
    def open(self, order: Order, *, idempotency_key: str | None) -> tuple[Payment, bool]:
        self._db.execute(f"SELECT id FROM payments WHERE reference = '{order.reference}'")
        return super().open(order, idempotency_key=idempotency_key)


class PathInTheAnswer(Api):
    def view(self, payment: Payment) -> dict[str, object]:
        return {**super().view(payment), "callback": self.checkout.paths.url(payment.id)}


ROWS = (
    defect("password-other-moment", "S01", "Signs another Timestamp than it sends.", PasswordOfAnotherMoment),
    defect("timestamp-for-people", "S02", "Sends the Timestamp with dashes and colons.", TimestampForPeople),
    defect("minutes-of-the-start", "S02", "Writes minutes into the Timestamp that do not move.", MinutesOfTheStart),
    defect("amount-with-point", "S04 S15", "Sends the Amount as 350.0.", AmountWithPoint),
    defect("no-least-amount", "S16", "Takes orders of nothing and less, and breaks on them.", NoLeastAmount),
    defect(
        "host-of-the-request",
        "S17",
        "Makes the callback's address from the host that the customer's request names.",
        HostOfTheRequest,
    ),
    defect("timestamp-frozen", "S03", "Makes the Timestamp once, at the first call.", TimestampFrozen),
    defect("cents-dropped", "S04", "Silently rounds 99.50 down to 99.", CentsDropped),
    defect("no-limit", "S05", "Sends any amount and shows Daraja's raw refusal.", NoLimit, AmountErrorAsSent),
    defect("parts-of-the-limit", "S05", "Splits an order into parts that ask for more.", AnyTotal, PartsOfTheLimit),
    defect("first-part-pays", "S05", "Credits a split order when its first part is paid.", AnyTotal, FirstPartPays),
    defect("phone-as-typed", "S06", "Sends the phone number as it was typed.", PhoneAsTyped),
    defect("old-prefixes-only", "S07", "Refuses numbers that begin with 01.", OldPrefixes),
    defect("prefix-table", "S07", "Refuses 0757 and other numbers that its table of prefixes lacks.", PrefixTable),
    defect("country-code-dropped", "S07", "Takes a number of any country for one of Kenya.", CountryCodeDropped),
    defect("reference-as-typed", "S08", "Sends order names of any length and with any sign.", ReferenceAsTyped),
    defect("till-twice", "S09", "In till mode, sends the store number as PartyB too.", TillTwice),
    defect(
        "one-callback-path", "S10", "Uses one callback path that anybody can guess.", OnePath, FindsByCheckoutRequestId
    ),
    defect("test-number-pays", "S11", "Leaves the sandbox's test number in PartyA.", TestNumberPays),
    defect("one-number-for-all", "S11", "Pushes to the number in its code, not to the payer's.", OneNumberForAll),
    defect("number-of-the-last-request", "S11", "Keeps the number where all requests find it.", NumberOfTheLastRequest),
    defect("never-again", "S18", "Breaks when an order whose prompt was cancelled is paid again.", NeverAgain),
    defect(
        "never-again-unless-cancelled",
        "S18",
        "Breaks when an order is paid again whose first payment failed, and was not cancelled.",
        NeverAgainUnlessCancelled,
    ),
    defect("double-push", "S12", "Pushes again for every click on the same order.", EveryClickPays),
    defect("paid-order-pushed", "D01", "Prompts again for an order that is paid.", PaidIsForgotten),
    defect("tabs-push-each", "D01", "Knows a second click by its key only, not by its order.", EveryKeyPays),
    defect("second-prompt-early", "S13", "Sends a second prompt after five seconds.", OpenForFiveSeconds),
    defect("pastes-into-sql", "S19", "Pastes the order's name into SQL.", PastesIntoSql),
    defect("path-in-the-answer", "S20", "Tells the browser the callback's address.", PathInTheAnswer),
)
