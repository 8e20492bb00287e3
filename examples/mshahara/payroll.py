"""The decisions: when a salary is sent, sent again, believed to be paid, or shown to a person."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

from bank import Answer, Bank
from books import FAILED, FINAL, HELD, PAID, QUEUED, REVIEW, SENDING, SENT, Books, Payout

STOPPING = {"2001", "21", "8006", "18", "20"}
"""Our own credentials are wrong: each further payout would fail too, and lock the user."""
FAILING = {"1", "2", "3", "4", "5", "8", "11", "14", "2006", "2028", "2040", "SFC_IC0003", *STOPPING}
"""Codes after which no money has moved. Any other code is one that a person looks at."""
RECEIPT = re.compile(r"[A-Z][A-L][1-9A-V][0-9A-Z]{7}")
PLACEHOLDER = re.compile(r"[A-Z]{2}[0-9A-Z]0{7}|0+")


class Payroll:
    """One worker sends, asks and gives up; results come in between."""

    needs_approval = False
    """Whether a salary waits until a second person agrees."""
    budget = 900_000_000
    """Shillings that may be paid out."""
    least = 10
    """Shillings of a salary, for M-Pesa pays no less."""
    most = 250_000
    """Shillings of a salary, for M-Pesa pays no more at once."""

    def __init__(self, books: Books, bank: Bank, *, gap_s: float = 1.0, silence_s: float = 4.0) -> None:
        """`gap_s`: between two tries of one payout. `silence_s`: after it we ask how a payout stands."""
        self.books, self.bank = books, bank
        self._gap_s, self._silence_s = gap_s, silence_s
        self._wake, self._end = threading.Event(), threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to work; what an earlier process left unfinished goes on under its own id."""
        self._worker.start()

    def close(self) -> None:
        """Stop working."""
        self._end.set()
        self._wake.set()
        self._worker.join(timeout=10)

    def shillings(self, amount: object) -> int | None:
        """Whole shillings that M-Pesa pays at once; None: it does not."""
        return amount if type(amount) is int and self.least <= amount <= self.most else None

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        """Queue a salary; the same reference is the same salary."""
        first = HELD if self.needs_approval else QUEUED
        payout = self.books.add(reference, phone, amount, within=self.budget, first=first)
        self._wake.set()
        return payout

    def approve(self, payout: Payout) -> None:
        """A second person agrees."""
        self.books.approve(payout)
        self._wake.set()

    @property
    def left(self) -> int:
        """What is left of the budget. It is counted anew: a payout takes its part until it has failed."""
        return self.budget - self.books.budgeted(FAILED)

    @property
    def stopped(self) -> str:
        """Why nothing is sent any more; empty: the worker sends."""
        return self.books.fact("stopped")

    def resume(self) -> None:
        """A person has fixed the credentials."""
        self.books.remember("stopped", "")
        self._wake.set()

    def _work(self) -> None:
        while not self._end.is_set():
            for payout in [] if self.stopped else self.books.due(time.time()):
                if self.stopped:
                    break
                self.send(payout)
            for payout in self.books.silent(time.time() - self._silence_s):
                self.look_up(payout)
            self._wake.wait(0.2)
            self._wake.clear()

    def send(self, payout: Payout) -> None:
        """Send a payout under the id that was written when it was queued."""
        now = time.time()
        self.books.change(payout, state=SENDING, attempts=payout.attempts + 1, next_at=now + self._gap_s)
        answer = self.bank.pay(payout.originator_id, payout.phone, payout.amount, f"Salary {payout.reference}")
        self.acknowledged(payout, answer)

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        """What the answer to a payout means. An acknowledgement is no payment."""
        if answer.accepted:
            self.books.change(payout, state=SENT, sent_at=time.time(), note="waiting for M-Pesa's result")
        elif answer.duplicate:
            self.books.change(payout, state=SENT, sent_at=time.time(), note="accepted before; asking M-Pesa")
            self.look_up(payout)
        elif answer.unknown:
            self.later(payout, answer)
        else:
            self.books.change(payout, state=FAILED, note=f"refused: {answer.code or answer.status}")
            self.books.alert(f"{payout.reference}: M-Pesa refused the request ({answer.code or answer.status})")
            if answer.status in (401, 403):
                self.books.remember("stopped", f"M-Pesa refuses our app ({answer.code})")

    def later(self, payout: Payout, answer: Answer) -> None:
        """It may have been accepted: the same request goes again under the same id, which M-Pesa takes once only."""
        wait = self._gap_s * min(8, 2**payout.attempts)
        why = answer.code or answer.status or "no answer"
        self.books.change(payout, next_at=time.time() + wait, note=f"not known yet ({why}); trying again")

    def look_up(self, payout: Payout) -> None:
        """Ask how a payout stands; the answer comes as a result of its own."""
        self.books.change(payout, asked_at=time.time())
        self.bank.ask(payout.originator_id)

    def result(self, message: dict[str, Any]) -> None:
        """A result of a payout."""
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is None:
            return
        code = str(message.get("ResultCode", ""))
        if payout.state in FINAL:
            if payout.state == FAILED and code == "0":
                self.doubt(payout, self.receipt_of(message))
        elif code == "0":
            self.settle(payout, self.receipt_of(message))
        elif code in FAILING:
            self.fail(payout, code, str(message.get("ResultDesc") or ""))
        else:
            self.books.change(payout, state=REVIEW, sent_at=time.time(), note=f"M-Pesa said {code}; being checked")

    def settle(self, payout: Payout, receipt: str) -> None:
        """The money has reached the employee."""
        self.books.change(payout, state=PAID, receipt=receipt, note="paid")

    def doubt(self, payout: Payout, receipt: str) -> None:
        """M-Pesa said that it had failed, and now that it was paid: a person looks at it before anybody pays again."""
        self.books.reopen(payout, receipt=receipt, note="had failed, and M-Pesa says now that it was paid")
        self.books.alert(f"{payout.reference}: had failed, and M-Pesa says now that it was paid ({receipt})")

    def fail(self, payout: Payout, code: str, text: str) -> None:
        """No money has moved. Wrong credentials stop everything until a person has fixed them."""
        self.books.change(payout, state=FAILED, note=f"{code}: {text}")
        self.books.alert(f"{payout.reference}: not paid ({code} {text})")
        if code in STOPPING:
            self.books.remember("stopped", f"{code}: {text}")

    def waited_too_long(self, message: dict[str, Any]) -> None:
        """A queue time-out decides nothing: the result may still come. We ask."""
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None and payout.state not in FINAL:
            self.books.change(payout, state=SENT, note="M-Pesa is slow; being checked")
            self.look_up(payout)

    def status(self, message: dict[str, Any]) -> None:
        """The answer to a question of ours: `ResultCode` 0 says that the question worked, not the payment."""
        found = parameters(message)
        asked = str(found.get("OriginatorConversationID") or "")
        payout = self.books.find(originator_id=asked)
        if payout is None or payout.state == PAID or str(message.get("ResultCode")) != "0":
            return
        state = str(found.get("TransactionStatus") or "")
        if payout.state == FAILED:
            if state == "Completed":
                self.doubt(payout, str(found.get("ReceiptNo") or ""))
        elif state == "Completed":
            self.settle(payout, str(found.get("ReceiptNo") or ""))
        elif state in ("Failed", "Declined", "Cancelled", "Expired", "Rejected"):
            self.fail(payout, state, "says the transaction status")

    def balance(self, message: dict[str, Any]) -> None:
        """What is on our accounts. M-Pesa may add accounts, and a balance may be negative."""
        if str(message.get("ResultCode")) != "0":
            return
        text = str(parameters(message).get("AccountBalance") or "")
        self.books.remember("accounts", json.dumps(self.read_accounts(text)))

    def read_accounts(self, text: str) -> dict[str, float]:
        """What is available, by account: `name|currency|current|available|reserved|uncleared`, joined with `&`."""
        rows = (account.split("|") for account in text.split("&"))
        return {row[0]: float(row[3]) for row in rows if len(row) >= 4}

    @property
    def accounts(self) -> dict[str, float]:
        """Our accounts, as M-Pesa's last message has them."""
        balances: dict[str, float] = json.loads(self.books.fact("accounts") or "{}")
        return balances

    def receipt_of(self, message: dict[str, Any]) -> str:
        """The receipt of a result; a placeholder is none."""
        for found in (parameters(message).get("TransactionReceipt"), message.get("TransactionID")):
            if RECEIPT.fullmatch(str(found)) and not PLACEHOLDER.fullmatch(str(found)):
                return str(found)
        return ""


def parameters(message: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a result by key: a list or a single object, with or without values."""
    holder = message.get("ResultParameters")
    rows = holder.get("ResultParameter") if isinstance(holder, dict) else None
    rows = [rows] if isinstance(rows, dict) else rows if isinstance(rows, list) else []
    return {str(row.get("Key")): row.get("Value") for row in rows if isinstance(row, dict)}
