"""The payroll that sends a salary again, in one wrong way: after a final result, or when it is approved again."""

from __future__ import annotations

import threading
import time
import uuid

from books import QUEUED, Payout
from payroll import Payroll

TOO_LOW = "1"
PAUSE_S = 2.0


class RetriesForEver(Payroll):
    """P23: a salary for which the account is too low is sent again every two seconds, under new ids, for ever."""

    def fail(self, payout: Payout, code: str, text: str) -> None:
        if code != TOO_LOW:
            super().fail(payout, code, text)
            return
        new = f"mshahara-{uuid.uuid4().hex}"
        self.books.change(payout, originator_id=new, state=QUEUED, next_at=time.time() + PAUSE_S, note=text)


class RetriesUnderItsId(Payroll):
    """P23: a salary for which the account is too low is sent again under its old id, and waits for a result."""

    def fail(self, payout: Payout, code: str, text: str) -> None:
        if code == TOO_LOW:
            self.books.change(payout, state=QUEUED, next_at=time.time() + PAUSE_S, note=text)
        elif code != "Failed":
            super().fail(payout, code, text)


class FailedIsSentAgain(Payroll):
    """P23: a salary that is shown as failed is sent again some seconds later, under a new id."""

    def fail(self, payout: Payout, code: str, text: str) -> None:
        super().fail(payout, code, text)
        if code == TOO_LOW:
            threading.Timer(2 * PAUSE_S, self._again, [payout]).start()

    def _again(self, payout: Payout) -> None:
        with self.books.changing() as db:
            db.execute(
                "UPDATE payouts SET state = ?, originator_id = ? WHERE id = ?",
                (QUEUED, f"mshahara-{uuid.uuid4().hex}", payout.id),
            )


class ApprovalPaysAgain(Payroll):
    """P24: each approval sends the salary, under a new id."""

    def approve(self, payout: Payout) -> None:
        with self.books.changing() as db:
            db.execute(
                "UPDATE payouts SET state = ?, originator_id = ?, next_at = 0 WHERE id = ?",
                (QUEUED, f"mshahara-{uuid.uuid4().hex}", payout.id),
            )
        self._wake.set()
