"""The same payroll, wrong in one named way: `python mshahara.py --defect new-id-on-retry`.

A defect is a row and a class that overrides one decision.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from bank import Answer
from books import FAILED, PAID, QUEUED, REVIEW, SENT, Payout
from payroll import STOPPING, Payroll, parameters


class NewIdOnRetry(Payroll):
    """P03: what may have been accepted is sent again under a new id."""

    def later(self, payout: Payout, answer: Answer) -> None:
        self.books.change(payout, originator_id=f"mshahara-{uuid.uuid4().hex}")
        super().later(payout, answer)


class PaysAgainWhenKnown(Payroll):
    """P04: "duplicate" is taken for a failure, and the salary is sent under a new id."""

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        if answer.code == "500.002.1001":
            self.books.change(payout, originator_id=f"mshahara-{uuid.uuid4().hex}", state=QUEUED, next_at=0.0)
        else:
            super().acknowledged(payout, answer)


class PaysAgainAfterTimeOut(Payroll):
    """P06: a queue time-out is taken for a failure, and the salary is sent again under a new id."""

    def waited_too_long(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None:
            self.books.change(payout, originator_id=f"mshahara-{uuid.uuid4().hex}", state=QUEUED, next_at=0.0)


class FailsOnTimeOut(Payroll):
    """P06: a queue time-out is shown as a failure, though the money still moves."""

    def waited_too_long(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None:
            self.books.change(payout, state=FAILED, note="timed out")


class AcknowledgedIsPaid(Payroll):
    """P07: the acknowledgement is taken for the payment."""

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        super().acknowledged(payout, answer)
        if answer.accepted:
            self.books.change(payout, state=PAID, note="paid")


class OnlyNumbers(Payroll):
    """P08: a code that is no number ends the reading of the result."""

    def result(self, message: dict[str, Any]) -> None:
        message["ResultCode"] = int(message["ResultCode"])
        super().result(message)


class PlaceholderIsReceipt(Payroll):
    """P09: whatever stands in TransactionID is kept as a receipt."""

    def receipt_of(self, message: dict[str, Any]) -> str:
        return str(message.get("TransactionID") or "")


class GoesOnWhenLocked(Payroll):
    """P11: wrong credentials alert nobody and stop nothing."""

    def fail(self, payout: Payout, code: str, text: str) -> None:
        if code in STOPPING:
            self.books.change(payout, state=FAILED, note=f"{code}: {text}")
        else:
            super().fail(payout, code, text)


class PaidWhenNotEnabled(Payroll):
    """P12: a refusal of the app is taken for an acknowledgement."""

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        if answer.status == 403:
            self.books.change(payout, state=PAID, note="paid")
        else:
            super().acknowledged(payout, answer)


class StatusWorkedIsPaid(Payroll):
    """P15: that the question worked is taken for the payment."""

    def status(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(parameters(message).get("OriginatorConversationID") or ""))
        if payout is not None and str(message.get("ResultCode")) == "0":
            self.settle(payout, "")


class BlindRetry(Payroll):
    """P05: no result for a while, so the salary is sent again under a new id."""

    def look_up(self, payout: Payout) -> None:
        new = f"mshahara-{uuid.uuid4().hex}"
        self.books.change(payout, originator_id=new, state=QUEUED, next_at=0.0, asked_at=time.time())


class UnknownIsFailed(Payroll):
    """P08: a code that we do not know is shown as a failure."""

    def result(self, message: dict[str, Any]) -> None:
        super().result(message)
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None and payout.state == REVIEW:
            self.books.change(payout, state=FAILED, note="failed")


class LastResultWins(Payroll):
    """P10: a result that comes after the end changes the end."""

    def result(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None and payout.state in (PAID, FAILED):
            with self.books.changing() as db:
                db.execute("UPDATE payouts SET state = ? WHERE id = ?", (SENT, payout.id))
        super().result(message)


class ForgetsItsId(Payroll):
    """P02: the id is made when the request is sent, and a process that is killed meanwhile makes another."""

    def send(self, payout: Payout) -> None:
        fresh = f"mshahara-{uuid.uuid4().hex}"
        self.books.change(payout, originator_id=fresh)
        found = self.books.find(id=payout.id)
        super().send(found or payout)


DEFECTS: dict[str, tuple[str, type[Payroll]]] = {
    "forgets-its-id": ("P02", ForgetsItsId),
    "new-id-on-retry": ("P03", NewIdOnRetry),
    "pays-again-when-known": ("P04", PaysAgainWhenKnown),
    "blind-retry": ("P05", BlindRetry),
    "pays-again-after-time-out": ("P06", PaysAgainAfterTimeOut),
    "fails-on-time-out": ("P06", FailsOnTimeOut),
    "acknowledged-is-paid": ("P07", AcknowledgedIsPaid),
    "only-numbers": ("P08", OnlyNumbers),
    "unknown-is-failed": ("P08", UnknownIsFailed),
    "placeholder-is-receipt": ("P09", PlaceholderIsReceipt),
    "last-result-wins": ("P10", LastResultWins),
    "goes-on-when-locked": ("P11", GoesOnWhenLocked),
    "paid-when-not-enabled": ("P12", PaidWhenNotEnabled),
    "status-worked-is-paid": ("P15", StatusWorkedIsPaid),
}
"""By name: the rule that catches it, and what is done wrong."""


def payroll_with(defect: str | None) -> type[Payroll]:
    """The payroll that has this defect; None: the good one."""
    return Payroll if defect is None else DEFECTS[defect][1]
