"""The same payroll, wrong in one named way: `python mshahara.py --defect new-id-on-retry`.

A defect is a row and a class that overrides one decision.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import Any

from bank import Answer, Bank
from books import FAILED, PAID, QUEUED, REVIEW, SENT, Books, Payout
from budget_defects import (
    BooksNegativeSalaries,
    CutsCents,
    FreesBudgetAtTimeOut,
    FreesBudgetTwice,
    KeepsBudgetOfFailed,
    OverdrawsBudget,
    OverdrawsBudgetLater,
    PaysTheMost,
    SpendsBudgetAtTheEnd,
)
from matching_defects import (
    ApprovalIsIgnored,
    AskedAgainWhenUnclear,
    FindsByTheirId,
    MatchesByPhone,
    OpenIsSentAtResume,
    OpenIsSentAtStart,
    PaysLastPerson,
    ResultInMemory,
    TwelveCharacters,
)
from payroll import STOPPING, Payroll, parameters
from request_defects import CorrectedSpelling, OtherPadding, TokenIsCredential
from retry_defects import ApprovalPaysAgain, FailedIsSentAgain, RetriesForEver, RetriesUnderItsId
from suppliers import SUPPLIER_DEFECTS, Suppliers


class NewIdOnRetry(Payroll):
    """P03: what may have been accepted is sent again under a new id."""

    def later(self, payout: Payout, answer: Answer) -> None:
        self.books.change(payout, originator_id=f"mshahara-{uuid.uuid4().hex}")
        super().later(payout, answer)


class EachRequestPays(Payroll):
    """P19: a salary that is asked for again is another salary."""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        return super().request(f"{reference}/{uuid.uuid4().hex}", phone, amount)


class PaysAgainWhenKnown(Payroll):
    """P04: "duplicate" is taken for a failure, and the salary is sent under a new id."""

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        if answer.duplicate:
            self.books.change(payout, originator_id=f"mshahara-{uuid.uuid4().hex}", state=QUEUED, next_at=0.0)
        else:
            super().acknowledged(payout, answer)


class CodeIsDuplicate(Payroll):
    """P04: every 500.002.1001 is taken for "duplicate", so an internal error is a salary that nobody pays."""

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        if answer.code == "500.002.1001" and not answer.duplicate:
            self.books.change(payout, state=SENT, sent_at=time.time(), note="accepted before; waiting for the result")
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
    """P09: any text in TransactionID is kept as a receipt."""

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


class NothingIsReceipt(Payroll):
    """P08: a result without a receipt leaves the word None as the receipt."""

    def receipt_of(self, message: dict[str, Any]) -> str:
        return str(parameters(message).get("TransactionReceipt"))


class KeepsNoReceipt(Payroll):
    """P08: a payout is paid, and nobody kept the receipt."""

    def receipt_of(self, message: dict[str, Any]) -> str:  # noqa: ARG002 - that is the defect
        return ""


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


class BalanceByPosition(Payroll):
    """P14: the second account is taken for the utility account, as it was on the day when this was written."""

    def read_accounts(self, text: str) -> dict[str, float]:
        return {"Utility Account": list(super().read_accounts(text).values())[1]}


class SuccessIsOnlyNoted(Payroll):
    """P18: a success is noted, and the payout is left as it was."""

    def settle(self, payout: Payout, receipt: str) -> None:
        self.books.change(payout, receipt=receipt, note="M-Pesa has paid")


class SendsLess(Payroll):
    """P18: ten shillings of each salary are kept back, and nobody is told."""

    def send(self, payout: Payout) -> None:
        super().send(replace(payout, amount=payout.amount - 10))


class ForgetsItsId(Payroll):
    """P02: the id is made when the request is sent, so a process that is killed meanwhile makes another."""

    def __init__(self, books: Books, bank: Bank) -> None:
        super().__init__(books, bank)
        self._ids: dict[str, str] = {}

    def send(self, payout: Payout) -> None:
        fresh = self._ids.setdefault(payout.id, f"mshahara-{uuid.uuid4().hex}")
        self.books.change(payout, originator_id=fresh)
        super().send(self.books.find(id=payout.id) or payout)


class LostAnswerIsFailed(Payroll):
    """P03: a request without an answer is called failed, until M-Pesa's success is shown to a person."""

    def later(self, payout: Payout, answer: Answer) -> None:
        self.books.change(payout, state=FAILED, note=f"not sent ({answer.code or answer.status})")


class FailedStaysFailed(Payroll):
    """P10: a payout that has failed stays so, though M-Pesa says later that it was paid."""

    def doubt(self, payout: Payout, receipt: str) -> None:
        """Nobody looks at it."""


class IdOfReference(Payroll):
    """P21: the id that finds a payout is made of its reference, which everybody is told."""

    def send(self, payout: Payout) -> None:
        self.books.change(payout, originator_id=f"mshahara-{payout.reference}")
        super().send(self.books.find(id=payout.id) or payout)


class SuppressesEqualSalaries(Payroll):
    """P19: a second salary of the same amount to the same person is taken for a second click."""

    def __init__(self, books: Books, bank: Bank) -> None:
        super().__init__(books, bank)
        self._known: dict[tuple[str, int], str] = {}

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        return super().request(self._known.setdefault((phone, amount), reference), phone, amount)


class NonsenseIsRefusal(Payroll):
    """P03: an answer that nobody can read is taken for a refusal, and the salary is sent again under a new id."""

    def later(self, payout: Payout, answer: Answer) -> None:
        if answer.status == 200:
            self.books.change(payout, originator_id=f"mshahara-{uuid.uuid4().hex}")
        super().later(payout, answer)


class NotFoundIsFailed(Payroll):
    """P15: a payout that a transaction status does not find is called failed."""

    def status(self, message: dict[str, Any]) -> None:
        if str(message.get("ResultCode")) == "2033":
            for payout in self.books.silent(time.time() + 1):
                self.books.change(payout, state=FAILED, note="M-Pesa does not know it")
        super().status(message)


class MatchesByAmount(Payroll):
    """P18: a result is filed under the first open payout of its amount."""

    def result(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None:
            sent = [one for one in self.books.silent(time.time() + 1) if one.amount == payout.amount]
            super().result({**message, "OriginatorConversationID": (sent or [payout])[0].originator_id})


DEFECTS: dict[str, tuple[tuple[str, ...], type[Payroll]]] = {
    "other-padding": (("P01",), OtherPadding),
    "forgets-its-id": (("P02", "M06"), ForgetsItsId),
    "new-id-on-retry": (("P03", "M06"), NewIdOnRetry),
    "pays-again-when-known": (("P04",), PaysAgainWhenKnown),
    "code-is-duplicate": (("P04",), CodeIsDuplicate),
    "blind-retry": (("P05", "M06"), BlindRetry),
    "pays-again-after-time-out": (("P06", "M06"), PaysAgainAfterTimeOut),
    "fails-on-time-out": (("P06", "M09"), FailsOnTimeOut),
    "acknowledged-is-paid": (("P07", "M07"), AcknowledgedIsPaid),
    "only-numbers": (("P08",), OnlyNumbers),
    "nothing-is-receipt": (("P08",), NothingIsReceipt),
    "keeps-no-receipt": (("P08",), KeepsNoReceipt),
    "unknown-is-failed": (("P08",), UnknownIsFailed),
    "placeholder-is-receipt": (("P09",), PlaceholderIsReceipt),
    "last-result-wins": (("P10",), LastResultWins),
    "goes-on-when-locked": (("P11",), GoesOnWhenLocked),
    "token-is-credential": (("P11",), TokenIsCredential),
    "paid-when-not-enabled": (("P12", "M07"), PaidWhenNotEnabled),
    "corrected-spelling": (("P13",), CorrectedSpelling),
    "balance-by-position": (("P14",), BalanceByPosition),
    "success-is-only-noted": (("P18",), SuccessIsOnlyNoted),
    "sends-less": (("P18",), SendsLess),
    "status-worked-is-paid": (("P15", "M07"), StatusWorkedIsPaid),
    "each-request-pays": (("P19",), EachRequestPays),
    "lost-answer-is-failed": (("P03",), LostAnswerIsFailed),
    "failed-stays-failed": (("P10", "P20"), FailedStaysFailed),
    "id-of-reference": (("P21",), IdOfReference),
    "books-negative-salaries": (("P22",), BooksNegativeSalaries),
    "suppresses-equal-salaries": (("P19",), SuppressesEqualSalaries),
    "nonsense-is-refusal": (("P03", "M06"), NonsenseIsRefusal),
    "not-found-is-failed": (("P15",), NotFoundIsFailed),
    "matches-by-amount": (("P18",), MatchesByAmount),
    "keeps-budget-of-failed": (("P20",), KeepsBudgetOfFailed),
    "frees-budget-twice": (("P20",), FreesBudgetTwice),
    "frees-budget-at-time-out": (("P20",), FreesBudgetAtTimeOut),
    "spends-budget-at-the-end": (("P20",), SpendsBudgetAtTheEnd),
    "overdraws-budget": (("P20",), OverdrawsBudget),
    "overdraws-budget-later": (("P20",), OverdrawsBudgetLater),
    "approval-pays-again": (("P24",), ApprovalPaysAgain),
    "retries-for-ever": (("P23",), RetriesForEver),
    "retries-under-its-id": (("P23",), RetriesUnderItsId),
    "failed-is-sent-again": (("P23",), FailedIsSentAgain),
    "matches-by-phone": (("P18",), MatchesByPhone),
    "open-is-sent-at-start": (("P02",), OpenIsSentAtStart),
    "open-is-sent-at-resume": (("P11",), OpenIsSentAtResume),
    "asked-again-when-unclear": (("P19",), AskedAgainWhenUnclear),
    "approval-is-ignored": (("P24",), ApprovalIsIgnored),
    "pays-last-person": (("P18",), PaysLastPerson),
    "knows-twelve-characters": (("P19",), TwelveCharacters),
    "finds-by-their-id": (("P08",), FindsByTheirId),
    "result-in-memory": (("P02",), ResultInMemory),
    "cuts-cents": (("P22",), CutsCents),
    "pays-the-most": (("P22",), PaysTheMost),
}
"""By name: the rules that catch it, and what is done wrong."""


def listed() -> list[dict[str, object]]:
    """The defects as data. `target`: the target file of the payroll that has it."""
    return [
        {"name": name, "rules": rules, "about": _about(made), "target": target}
        for target, defects in (("tayari.yaml", DEFECTS), ("suppliers.yaml", SUPPLIER_DEFECTS))
        for name, (rules, made) in defects.items()
    ]


def _about(made: type[Payroll]) -> str:
    text = (made.__doc__ or "").partition(": ")[2]
    return text[:1].upper() + text[1:]


def payroll_with(defect: str | None, *, pays_suppliers: bool = False) -> type[Payroll]:
    """The payroll that has this defect; none: the good one, of salaries or of suppliers."""
    if not defect:
        return Suppliers if pays_suppliers else Payroll
    return {**DEFECTS, **SUPPLIER_DEFECTS}[defect][1]
