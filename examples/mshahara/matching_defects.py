"""The payroll that confuses one salary with another, or with itself, in one wrong way."""

from __future__ import annotations

import time
import uuid
from typing import Any

from books import QUEUED, SENDING, Payout
from payroll import Payroll


class MatchesByPhone(Payroll):
    """P18: a result is filed under the newest open payout to its person."""

    def result(self, message: dict[str, Any]) -> None:
        payout = self.books.find(originator_id=str(message.get("OriginatorConversationID") or ""))
        if payout is not None:
            sent = [one for one in self.books.silent(time.time() + 1) if one.phone == payout.phone]
            super().result({**message, "OriginatorConversationID": (sent or [payout])[-1].originator_id})


class OpenIsSentAtStart(Payroll):
    """P02: a start sends each salary again that has no result yet, under a new id."""

    def start(self) -> None:
        self.send_open()
        super().start()

    def send_open(self) -> None:
        for payout in self.books.silent(time.time() + 1):
            self.books.change(payout, state=QUEUED, originator_id=f"mshahara-{uuid.uuid4().hex}", next_at=0.0)


class OpenIsSentAtResume(OpenIsSentAtStart):
    """P11: when the queue is let go on, each salary is sent again that has no result yet, under a new id."""

    def start(self) -> None:
        Payroll.start(self)

    def resume(self) -> None:
        self.send_open()
        super().resume()


class AskedAgainWhenUnclear(Payroll):
    """P19: a salary that is asked for again while its request has no answer is sent under a new id."""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        known = self.books.find(reference=reference)
        if known is not None and known.state == SENDING and known.note:
            self.books.change(known, state=QUEUED, originator_id=f"mshahara-{uuid.uuid4().hex}", next_at=0.0)
        return super().request(reference, phone, amount)


class ApprovalIsIgnored(Payroll):
    """P24: a salary goes eight seconds after it was asked for, whether anybody has approved it or not."""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        payout = self.books.add(reference, phone, amount, within=self.budget, first=QUEUED)
        self.books.change(payout, next_at=time.time() + 8.0)
        return payout
