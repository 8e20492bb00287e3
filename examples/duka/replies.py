"""Reading Daraja's answers. They come in three envelopes and with statuses that do not always mean what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

from records import Ack, AckKind, Answer, QueryOutcome

BUSY = frozenset({"500.003.02", "500.003.03", "00.002.1001"})
"""Spike arrest, quota, maintenance: refused before anything happened."""
TOKEN_ERRORS = frozenset({"404.001.03", "404.001.04", "400.003.01"})
CUSTOMER_FIELDS = frozenset({"PhoneNumber", "PartyA", "Amount"})
"""The fields of a push that come from the customer; any other fault is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, read as far as it goes."""

    status: int
    text: str
    body: dict[str, Any]
    """Empty when the answer is not a JSON object."""

    @classmethod
    def of(cls, status: int, text: str) -> Self:
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        return cls(status=status, text=text, body=body if isinstance(body, dict) else {})

    @property
    def error_code(self) -> str:
        """Daraja's errorCode, or the gateway's own code from its `fault` envelope."""
        fault = self.body.get("fault")
        if isinstance(fault, dict):
            detail = fault.get("detail")
            return str(detail.get("errorcode", "")) if isinstance(detail, dict) else "fault"
        return str(self.body.get("errorCode", ""))

    @property
    def error_message(self) -> str:
        fault = self.body.get("fault")
        return str(fault.get("faultstring", "") if isinstance(fault, dict) else self.body.get("errorMessage", ""))

    @property
    def brief(self) -> str:
        """For the log."""
        return f"HTTP {self.status} {self.error_code} {self.error_message or self.text[:80]}".strip()


class Replies:
    """What each answer means."""

    def is_token_error(self, reply: Reply) -> bool:
        """Whether the token was refused. Daraja says so in at least five ways, one of them HTTP 404."""
        code = reply.error_code
        if "access_token" in code or "access token" in reply.error_message.lower():
            return True
        return code in TOKEN_ERRORS or code == "401" or code.startswith("401.")

    def acknowledgement(self, reply: Reply) -> Ack:
        """What became of a push."""
        if reply.status != 200 or reply.error_code:
            return self.refusal(reply)
        response_code = str(reply.body.get("ResponseCode", ""))
        if response_code not in {"0", ""}:
            return Ack(kind=AckKind.REFUSED, detail=reply.text[:200])
        checkout_request_id = reply.body.get("CheckoutRequestID")
        if response_code != "0" or not checkout_request_id:
            # Neither a yes nor a no: a prompt may be on the phone, so this is not ours to repeat.
            return Ack(kind=AckKind.UNKNOWN, detail=f"no usable acknowledgement: {reply.brief}")
        return Ack(
            kind=AckKind.ACCEPTED,
            checkout_request_id=str(checkout_request_id),
            merchant_request_id=str(reply.body.get("MerchantRequestID", "")),
        )

    def refusal(self, reply: Reply) -> Ack:
        """Sort an error by what can be done about it."""
        code = reply.error_code
        field = reply.error_message.rpartition("Invalid ")[2] if code == "400.002.02" else ""
        return Ack(kind=self.kind_of_refusal(reply, field), field=field, detail=reply.brief)

    def kind_of_refusal(self, reply: Reply, field: str) -> AckKind:
        """Certain refusals may be repeated or told as such; whatever may have gone through is unknown."""
        code = reply.error_code
        if code in BUSY or code.startswith("policies.ratelimit") or reply.status in {429, 503}:
            return AckKind.BUSY
        if code == "500.001.1001":
            return self.kind_of_1001(reply.error_message)
        if self.is_token_error(reply):
            return AckKind.STAFF
        if field in CUSTOMER_FIELDS:
            return AckKind.INPUT
        if reply.status >= 500 or reply.status < 300:
            return AckKind.UNKNOWN
        return AckKind.STAFF if reply.body else AckKind.UNAVAILABLE

    def kind_of_1001(self, message: str) -> AckKind:
        """One code, several meanings: only here does the text decide."""
        message = message.lower()
        if "unable to lock subscriber" in message:
            return AckKind.LOCKED
        if "wrong credentials" in message or "merchant does not exist" in message:
            return AckKind.STAFF
        return AckKind.UNKNOWN

    def answer(self, reply: Reply, asked: str) -> Answer:
        """What a query says about the payment `asked`."""
        if reply.status == 200 and "ResultCode" in reply.body:
            if not self.about(reply, asked):
                return Answer(outcome=QueryOutcome.NOTHING, detail="an answer about another CheckoutRequestID")
            return self.final(str(reply.body["ResultCode"]).strip())
        if self.in_flight(reply):
            return Answer(outcome=QueryOutcome.IN_FLIGHT, detail=reply.brief)
        too_fast = reply.status == 429 or reply.error_code in BUSY
        return Answer(outcome=QueryOutcome.NOTHING, too_fast=too_fast, detail=reply.brief)

    def about(self, reply: Reply, asked: str) -> bool:
        return reply.body.get("CheckoutRequestID") == asked

    def final(self, code: str) -> Answer:
        """The ResultCode of a query is a string on the wire."""
        if code == "0":
            return Answer(outcome=QueryOutcome.SUCCESS, code=code)
        if code == "4999":
            return Answer(outcome=QueryOutcome.IN_FLIGHT, code=code)
        return Answer(outcome=QueryOutcome.FAILURE, code=code)

    def in_flight(self, reply: Reply) -> bool:
        """Being processed, random errors without a text, or asked before the gateway knows the id."""
        if reply.error_code == "500.001.1001":
            return "processed" in reply.error_message or not reply.error_message
        return reply.error_code == "400.002.02" and reply.error_message.endswith("CheckoutRequestID")
