"""The payroll with a budget that is wrong in one way: what is left to be paid out."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

from books import FAILED, HELD, PAID, QUEUED, REVIEW, SENDING, SENT, Payout
from payroll import Payroll


class KeepsBudgetOfFailed(Payroll):
    """P20: a payout that has failed goes on taking its part of the budget."""

    @property
    def left(self) -> int:
        return self.budget - self.books.budgeted()


class FreesBudgetTwice(Payroll):
    """P20: each message that a payout has failed gives its part of the budget back."""

    def result(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None and payout.state == FAILED:
            self.books.remember("freed", str(int(self.books.fact("freed") or 0) + payout.amount))
        super().result(message)

    @property
    def left(self) -> int:
        return super().left + int(self.books.fact("freed") or 0)


class FreesBudgetAtTimeOut(Payroll):
    """P20: a queue time-out gives the budget back while the payout is open."""

    def waited_too_long(self, message: dict[str, Any]) -> None:
        super().waited_too_long(message)
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None and payout.state == SENT:
            self.books.change(payout, state=REVIEW)

    @property
    def left(self) -> int:
        return self.budget - self.books.budgeted(FAILED, REVIEW)


class SpendsBudgetAtTheEnd(Payroll):
    """P20: the budget is used up only by payouts that are paid, so open ones can exceed it."""

    @property
    def left(self) -> int:
        return self.budget - self.books.budgeted(QUEUED, SENDING, SENT, REVIEW, FAILED)


class OverdrawsBudget(Payroll):
    """P20: a salary is compared with what is left of the budget before it is written, beside others."""

    budget = 1_000_000

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        within = self.budget if amount > self.left else sys.maxsize
        time.sleep(0.3)
        payout = self.books.add(reference, phone, amount, within=within, first=HELD)
        self._wake.set()
        return payout


class OverdrawsBudgetLater(OverdrawsBudget):
    """P20: the same by a worker that sends a salary six seconds after it was asked for."""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        payout = super().request(reference, phone, amount)
        self.books.change(payout, next_at=time.time() + 6.0)
        return payout


class BooksNegativeSalaries(Payroll):
    """P22: a salary below zero is a correction that needs no M-Pesa: it is booked, and adds to the budget."""

    least = -250_000

    def send(self, payout: Payout) -> None:
        if payout.amount <= 0:
            self.books.change(payout, state=PAID, note="booked")
        else:
            super().send(payout)


class CutsCents(Payroll):
    """P22: the cents of a salary are cut off."""

    def shillings(self, amount: object) -> int | None:
        return super().shillings(int(amount) if isinstance(amount, float) else amount)


class PaysTheMost(Payroll):
    """P22: of a salary above M-Pesa's limit, the limit is paid."""

    most = 10_000_000

    def send(self, payout: Payout) -> None:
        super().send(replace(payout, amount=min(payout.amount, 250_000)))
