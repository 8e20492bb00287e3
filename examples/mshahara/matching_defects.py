"""The payroll that confuses one salary with another, or with itself, in one wrong way."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace
from typing import Any

from bank import Answer
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


class PaysLastPerson(Payroll):
    """P18: the person is kept where all requests find it."""

    person = ""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        self.person = phone
        return super().request(reference, phone, amount)

    def send(self, payout: Payout) -> None:
        super().send(replace(payout, phone=self.person))


class TwelveCharacters(Payroll):
    """P19: a payout is known by the first twelve characters of its reference."""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        return super().request(reference[:12], phone, amount)


class AsksNobody(Payroll):
    """No status query is sent."""

    def look_up(self, payout: Payout) -> None:
        self.books.change(payout, asked_at=time.time())


class FindsByTheirId(AsksNobody):
    """P08: a result is found by M-Pesa's ConversationID, which stands in the acknowledgement alone; nobody is asked."""

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        if answer.accepted:
            self.books.remember(f"ours {answer.body.get('ConversationID')}", payout.originator_id)
        super().acknowledged(payout, answer)

    def result(self, message: dict[str, Any]) -> None:
        ours = self.books.fact(f"ours {message.get('ConversationID')}")
        super().result({**message, "OriginatorConversationID": ours})


class ResultInMemory(AsksNobody):
    """P02: a result is answered, kept in memory until it is worked on, and nobody is asked."""

    def result(self, message: dict[str, Any]) -> None:
        threading.Timer(0.3, super().result, [message]).start()
