"""The catalogue of result codes: what M-Pesa says at the end of a transaction, and what a merchant should make of it.

The texts in English and Swahili for the customer are this project's own wording. A code can mean different things in
different APIs (17, 2001, 4001, 8006): then it has a row for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.catalogue.result_rows import OTHER_ROWS, STK_ROWS

SUCCESS: Final = 0
INSUFFICIENT: Final = 1
BELOW_MINIMUM: Final = 2
ABOVE_MAXIMUM: Final = 3
DAILY_LIMIT: Final = 4
RECEIVER_FULL: Final = 8
DEBIT_PARTY_INVALID: Final = 11
INITIATOR_NOT_ALLOWED: Final = 21
MALFORMED: Final = 25
INITIATOR_INVALID: Final = 2001
RECEIPT_UNKNOWN: Final = 2033
ALREADY_REVERSED: Final = "R000001"
ORIGINAL_INVALID: Final = "R000002"
CREDENTIAL_LOCKED: Final = 8006
RULE_LIMITED: Final = 17
SYSTEM_ERROR: Final = 17
"""The same number in B2C and B2B."""
SUBSCRIBER_LOCKED: Final = 1001
TIMED_OUT: Final = 1037
CREDIT_PARTY_INVALID: Final = 14
VALIDATION_FAILED: Final = 2007
PRODUCT_ASSIGNMENT: Final = 2028
BAD_DEBT: Final = "E3008"
OPERATOR_MISSING: Final = "SFC_IC0003"
STILL_PROCESSING: Final = 4999


class Wording(StrEnum):
    """Which of the wordings of one text."""

    USUAL = "usual"
    SANDBOX_2026 = "sandbox-2026"
    CLASSIC_2021 = "classic-2021"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCode:
    """One code in one family of APIs. `code` has the type that the callback gives it."""

    code: int | str
    text: str
    apis: tuple[str, ...]
    meaning: str
    say_en: str
    say_sw: str
    retry: str
    mark: Mark
    source: str
    variants: Mapping[str, str]

    def wording(self, wording: Wording) -> str:
        """The text as sent in this wording."""
        return self.variants.get(wording, self.text)

    def to_dict(self) -> dict[str, object]:
        """The row as the control API shows it."""
        return {
            "code": self.code,
            "text": self.text,
            "variants": dict(self.variants),
            "apis": list(self.apis),
            "meaning": self.meaning,
            "say": {"en": self.say_en, "sw": self.say_sw},
            "retry": self.retry,
            "mark": str(self.mark),
            "source": self.source,
        }


def _row(  # noqa: PLR0917 - the columns of the tables
    code: int | str,
    text: str,
    apis: str,
    meaning: str,
    say: tuple[str, str],
    retry: str,
    mark: str,
    variants: Mapping[str, str] = MappingProxyType({}),
) -> ResultCode:
    return ResultCode(
        code=code,
        text=text,
        apis=tuple(apis.split()),
        meaning=meaning,
        say_en=say[0],
        say_sw=say[1],
        retry=retry,
        mark=Mark(mark),
        source="reference 2.3" if "core" in apis.split() else "reference 4",
        variants=variants,
    )


RESULTS: Final[tuple[ResultCode, ...]] = tuple(_row(*row) for row in (*STK_ROWS, *OTHER_ROWS))

_BY_API: Final[Mapping[tuple[str, str], ResultCode]] = MappingProxyType({
    (str(row.code), api): row for row in reversed(RESULTS) for api in row.apis
})  # fmt: skip
_ANY: Final[Mapping[str, ResultCode]] = MappingProxyType({str(row.code): row for row in reversed(RESULTS)})


def find(code: int | str, api: str = "stk") -> ResultCode | None:
    """The row for a code (number or text): its meaning for this API where it has one; None for a code of no row."""
    text = str(code)
    return _BY_API.get((text, api)) or _BY_API.get((text, f"{api}_query")) or _ANY.get(text)


def wire_form(code: int | str) -> int | str:
    """The code as a callback carries it: a number for numeric codes, text for the others. Source: reference 3.1."""
    if type(code) is int and code >= 0:
        return code
    text = str(code)
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else text
