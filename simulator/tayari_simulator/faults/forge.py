"""`forge`: a stranger sends a message about the payment before Daraja does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import orjson

from tayari_simulator.catalogue.results import find, wire_form
from tayari_simulator.faults.base import STRANGER, Address, CallbackFault, ResultCode, stranger
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.strict_reading import Seconds

RECEIPT: Final = "FAKE000001"


class Whose(StrEnum):
    """The id of a forged message: `CheckoutRequestID`, `ConversationID`, or `TransID`."""

    OWN = "own"
    """The transaction's own: what someone knows who has seen the acknowledgement."""
    GUESSED = "guessed"
    """The same second and phone, another fraction: what someone can work out who knows when it was sent."""
    UNKNOWN = "unknown"
    """Of the right form, of no payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge(CallbackFault):
    """Send a message with `result_code`, under another id and another address, `gap_s` seconds before the true one.

    A C2B message has no result code: the forged one reports another payment.

    Only the configured source header carries the source address: a fake on loopback has no other address to show.
    """

    id: Whose = Whose.UNKNOWN
    result_code: ResultCode = 0
    gap_s: Seconds = 1.0
    source: Address = STRANGER

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        if not deliveries:
            return ()
        first = deliveries[0]
        note = f"forged: {self.id} id, from {self.source}"
        forged = stranger(first, self.source, body=self._lie(first.body), note=note)
        return (forged, *(replace(delivery, due_s=delivery.due_s + self.gap_s) for delivery in deliveries))

    def _lie(self, body: bytes) -> bytes:
        """The forged body, made from the true one; if an earlier fault left nothing to change, that body itself."""
        try:
            message = orjson.loads(body)
            if "Body" in message:
                self._forge_push(message["Body"]["stkCallback"])
            elif "Result" in message:
                self._forge_result(message["Result"])
            elif "requestId" in message:
                self._forge_express(message)
            elif header := message.get("responseHeader") or message.get("ResponseHeader"):
                header["responseRefID"] = _another_conversation(str(header["responseRefID"]), self.id)
                header["responseCode"] = str(self.result_code)
            elif "transactionId" in message:
                message["transactionId"] = _another_receipt(message["transactionId"], self.id)
            else:
                message["TransID"] = _another_receipt(message["TransID"], self.id)
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError):
            return body
        return orjson.dumps(message)

    def _forge_push(self, result: dict[str, Any]) -> None:
        result["CheckoutRequestID"] = _another(str(result["CheckoutRequestID"]), self.id)
        self._set_code(result)
        result.pop("CallbackMetadata", None)
        if str(self.result_code) == "0":
            items = [{"Name": "Amount", "Value": 1}, {"Name": "MpesaReceiptNumber", "Value": RECEIPT}]
            result["CallbackMetadata"] = {"Item": items}

    def _forge_result(self, result: dict[str, Any]) -> None:
        for key in ("OriginatorConversationID", "ConversationID"):
            result[key] = _another_conversation(str(result[key]), self.id)
        self._set_code(result)
        result["TransactionID"] = RECEIPT
        if str(self.result_code) != "0":
            result.pop("ResultParameters", None)

    def _forge_express(self, message: dict[str, Any]) -> None:
        message["requestId"] = _another_conversation(str(message["requestId"]), self.id)
        message["resultCode"] = str(self.result_code)
        if "transactionId" in message:
            message["transactionId"] = RECEIPT

    def _set_code(self, result: dict[str, Any]) -> None:
        row = find(self.result_code)
        result["ResultCode"] = wire_form(self.result_code)
        result["ResultDesc"] = row.text if row is not None and row.text else f"Result code {self.result_code}"


def _another(identifier: str, whose: Whose) -> str:
    """An id of the same form. The fraction of the second and the phone are its last ten characters."""
    if whose is Whose.OWN:
        return identifier
    head, fraction, phone = identifier[:-10], identifier[-10], identifier[-9:]
    if whose is Whose.GUESSED:
        return f"{head}{(int(fraction) + 1) % 10}{phone}" if fraction.isdigit() else f"{head}0{phone}"
    return f"{head}{fraction}{phone[::-1]}" if phone != phone[::-1] else f"{head}{fraction}700000000"


def _another_conversation(identifier: str, whose: Whose) -> str:
    """An id of the same form: its last digits are the next ones, or they are reversed."""
    if whose is Whose.OWN:
        return identifier
    head, tail = identifier[:-4], identifier[-4:]
    if whose is Whose.GUESSED and tail.isdigit():
        return f"{head}{(int(tail) + 1) % 10_000:04d}"
    return f"{head}{tail[::-1]}" if tail != tail[::-1] else f"{head}0001"


def _another_receipt(receipt: str, whose: Whose) -> str:
    """A receipt of the same day that is not this one; a C2B message has no other id, so that a guess is as good."""
    return receipt if whose is Whose.OWN else f"{receipt[:3]}{RECEIPT[3:]}"
