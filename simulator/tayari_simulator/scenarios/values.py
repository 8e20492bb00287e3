"""Values of a scenario file that have a form of their own: numbers written as text, rule ids, how often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from tayari_formats.problems import Complaint, Path, describe, suggest

from tayari_simulator.apis.registry import CALLS
from tayari_simulator.state.behaviour import ALWAYS, Call
from tayari_simulator.strict_reading import AtLeast, AtMost, ReadValue, ReadWith

NAME_FORM: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")
MSISDN_FORM: Final = re.compile(r"254[17][0-9]{8}")
PARTY_FORM: Final = re.compile(rf"{MSISDN_FORM.pattern}|[0-9]{{5,7}}")
RULE_FORM: Final = re.compile(r"[A-Z][0-9]{2}")


class ShownState(StrEnum):
    """What a merchant can show of a payment."""

    PAID = "paid"
    FAILED = "failed"
    PENDING = "pending"
    REVIEW = "review"


class Topic(StrEnum):
    """What a message to the customer is about."""

    SUCCESS = "success"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    DAILY_LIMIT = "daily_limit"
    RECEIVER_FULL = "receiver_full"
    TRY_LATER_TWO_MINUTES = "try_later_two_minutes"
    SUBSCRIBER_BUSY = "subscriber_busy"
    EXPIRED = "expired"
    PUSH_FAILED = "push_failed"
    CANCELLED = "cancelled"
    NO_ANSWER = "no_answer"
    WRONG_PIN = "wrong_pin"
    PIN_LOCKED = "pin_locked"
    UNCONFIRMED = "unconfirmed"
    SERVICE_UNAVAILABLE = "service_unavailable"
    INVALID_INPUT = "invalid_input"
    MERCHANT_PROBLEM = "merchant_problem"


class InFlight(StrEnum):
    """The forms of a query's answer while the payment is in flight. Source: reference 3.2."""

    CODE_4999 = "4999"
    PROCESSING = "processing"
    EMPTY = "empty"
    TOO_EARLY = "too_early"


def _text_like(form: re.Pattern[str] | None, expected: str) -> ReadValue:
    def read(value: object, path: Path, complaints: list[Complaint]) -> object:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text and (form is None or form.fullmatch(text)):
            return text
        complaints.append(Complaint(path, f"found {describe(value)}; expected {expected}"))
        return None

    return read


def _read_times(value: object, path: Path, complaints: list[Complaint]) -> object:
    if value == "always":
        return ALWAYS
    if type(value) is int and value >= 1:
        return value
    complaints.append(Complaint(path, f"found {describe(value)}; expected a whole number of at least 1, or always"))
    return None


def name_of(names: Sequence[str]) -> ReadValue:
    """Reads one of these names."""

    def read(value: object, path: Path, complaints: list[Complaint]) -> object:
        if value in names:
            return value
        complaints.append(Complaint(path, f"found {describe(value)}{suggest(str(value), names)}"))
        return None

    return read


def _read_probability(value: object, path: Path, complaints: list[Complaint]) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    complaints.append(Complaint(path, f"found {describe(value)}; expected a number from 0 (never) to 1 (each time)"))
    return None


MAGIC_NUMBERS: Final = (10, 999)
"""From and to; smaller amounts and numbers are what people type first."""


def _pattern(form: re.Pattern[str]) -> dict[str, object]:
    return {"type": ["string", "integer"], "pattern": f"^(?:{form.pattern})$"}


_TEXT: Final = {"type": ["string", "integer"], "minLength": 1}

Probability = Annotated[float, ReadWith(_read_probability, {"type": "number", "minimum": 0, "maximum": 1})]
MagicNumber = Annotated[int, AtLeast(MAGIC_NUMBERS[0]), AtMost(MAGIC_NUMBERS[1])]
_read_name = _text_like(NAME_FORM, "folder/word-word in small letters, as payment/wrong-pin")
Name = Annotated[str, ReadWith(_read_name, _pattern(NAME_FORM))]
_read_msisdn = _text_like(MSISDN_FORM, "12 digits, 2547... or 2541...")
Msisdn = Annotated[str, ReadWith(_read_msisdn, _pattern(MSISDN_FORM))]
_read_party = _text_like(PARTY_FORM, "12 digits, 2547... or 2541..., or a short code of 5 to 7 digits")
Party = Annotated[str, ReadWith(_read_party, _pattern(PARTY_FORM))]
"""Who is paid or pays: a phone, or in B2B the short code that is paid."""
Reference = Annotated[str, ReadWith(_text_like(None, "text"), _TEXT)]
RuleId = Annotated[str, ReadWith(_text_like(RULE_FORM, "a rule id such as C03"), _pattern(RULE_FORM))]
Text = Annotated[str, ReadWith(_text_like(None, "text"), _TEXT)]
Times = Annotated[int, ReadWith(_read_times, {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "always"}]})]
EndpointName = Annotated[str, ReadWith(name_of(CALLS), {"enum": [*CALLS]})]
"""A row of the table of endpoints."""
CallName = Annotated[str, ReadWith(name_of((*CALLS, *Call.MESSAGES)), {"enum": [*CALLS, *Call.MESSAGES]})]
"""A row of the table, or a message to the merchant."""
