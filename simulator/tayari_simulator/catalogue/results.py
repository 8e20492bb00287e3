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

from tayari_simulator.catalogue import customer_texts as say
from tayari_simulator.catalogue.provenance import Mark

Row = tuple[int | str, str, str, str, tuple[str, str], str, str, Mapping[str, str]]
"""Code, text, APIs, meaning, (what to say in English, in Swahili), retry (a word of `advice.RETRY`), standing, texts of
other wordings."""

STK_ROWS: Final[tuple[Row, ...]] = (
    (0, "The service request is processed successfully.",
     "stk b2c b2b status balance reversal b2b_express c2b ratiba bonga",
     "done", ("Payment received.", "Malipo yamepokelewa."), "no", "documented", {}),
    (1, "The balance is insufficient for the transaction.", "stk b2c b2b reversal c2b",
     "the payer's balance (STK) or the organisation's (others) is too low",
     ("Your M-Pesa balance is too low for this amount. Nothing was taken. Top up, pay less, or use another way to pay.",
      "Salio lako la M-Pesa halitoshi kwa kiasi hiki. Hakuna pesa zilizokatwa. Ongeza salio, lipa kiasi kidogo, au "
      "tumia njia nyingine."),
     "after top-up", "documented",
     {"classic-2021": "[MpesaCB - ]The balance is insufficient for the transaction."}),
    (2, "Declined due to limit rule.", "stk", "below the minimum",
     ("The amount is below M-Pesa's minimum.", "Kiasi ni chini ya kiwango cha chini cha M-Pesa."),
     "after fix", "documented", {}),
    (3, "Declined due to limit rule: greater than the maximum transaction amount.", "stk b2c b2b reversal c2b",
     "above the maximum for one payment",
     ("The amount is above M-Pesa's limit per payment; split it or pay another way.",
      "Kiasi kimezidi kikomo cha M-Pesa kwa malipo moja; kigawe au lipa kwa njia nyingine."),
     "after fix", "documented", {}),
    (4, "Declined due to limit rule: would exceed daily transfer limit.", "stk b2c b2b c2b",
     "the daily limit (500 000 shillings) is reached",
     ("You have reached today's M-Pesa limit. Try again tomorrow or pay another way.",
      "Umefikia kikomo cha M-Pesa cha leo. Jaribu kesho au lipa kwa njia nyingine."),
     "tomorrow", "documented", {}),
    (8, "Declined due to limit rule: would exceed the maximum balance.", "stk b2c b2b",
     "the receiver's balance limit (500 000 shillings)",
     ("The receiving account is full.", "Akaunti inayopokea imejaa."), "after fix", "documented", {}),
    (17, "Rule limited.", "stk", "the same amount to the same phone within two minutes",
     ("Please wait two minutes and try again.", "Tafadhali subiri dakika mbili kisha ujaribu tena."),
     "after a wait", "documented", {}),
    (26, "System busy", "stk b2c b2b status balance reversal",
     "overload (the core's own list: traffic blocked); the exact text is not established",
     ("M-Pesa is busy, please try again in a few minutes.",
      "M-Pesa ina shughuli nyingi, tafadhali jaribu tena baada ya dakika chache."),
     "after a wait", "assumed", {}),
    (1001, "Unable to lock subscriber, a transaction is already in process for the current subscriber", "stk ratiba",
     "another prompt is open on the phone",
     say.OTHER_PROMPT, "after a wait", "documented", {}),
    (1005, "The account reference is invalid", "stk", "account reference invalid; community list, text not established",
     say.STAFF, "after fix", "assumed", {}),
    (1019, "Transaction has expired", "stk", "not processed in time",
     ("The request expired before it was completed. Try again.",
      "Muda wa ombi uliisha kabla ya kukamilika. Jaribu tena."), "now", "documented", {}),
    (1025, "An error occurred while sending a push request", "stk ratiba",
     "the prompt is too long (above 182 characters) or could not be sent", say.UNREACHED, "now", "documented", {}),
    (1031, "Request cancelled by user", "stk ratiba bonga", "cancelled, or PIN time-out (STK to 2021)", say.CANCELLED,
     "now", "observed", {}),
    (1032, "Request cancelled by user", "stk ratiba", "dismissed, or timed out on the handset", say.CANCELLED, "now",
     "documented",
     {"sandbox-2026": "Request Cancelled by user.", "classic-2021": "[STK_CB - ]Request cancelled by user"}),
    (1036, "SMSC ACK timeout.", "stk", "network", say.UNREACHED, "now", "observed",
     {"classic-2021": "[STK_CB - ]SMSC ACK timeout."}),
    (1037, "DS timeout user cannot be reached", "stk ratiba", "phone off, no signal, old SIM, or no answer",
     ("We got no answer from your phone. Check the signal and try again once we have confirmed this payment's state.",
      "Hatukupata jibu kutoka kwa simu yako. Angalia mtandao, na ujaribu tena tukishathibitisha hali ya malipo haya."),
     "ask first", "documented",
     {"sandbox-2026": "No response from user.", "classic-2021": "[STK_CB - ]DS timeout."}),
    (2001, "The initiator information is invalid.", "stk ratiba", "wrong PIN, or no M-Pesa wallet", say.WRONG_PIN,
     "now", "documented",
     {"classic-2021": "[MpesaCB - ]The initiator information is invalid."}),
    (2028, "The request is not permitted according to product assignment.", "stk b2c reversal",
     "PartyB, TransactionType or the product is wrong", say.STAFF, "after fix", "documented", {}),
    (4999, "The transaction is still under processing", "stk_query", "in flight",
     say.WAITING, "poll", "observed", {}),
    (5999, "Some text the merchant has never seen", "stk",
     "no known meaning: stands for every code that a merchant does not know", say.UNCONFIRMED, "ask first",
     "assumed", {}),
    (8006, "The security credential is locked.", "stk", "the customer's PIN is locked",
     ("Your M-Pesa PIN is locked; call Safaricom customer care.",
      "PIN yako ya M-Pesa imefungwa; piga simu kwa huduma kwa wateja wa Safaricom."), "no", "documented", {}),
    (9999, "An error occurred while sending a push request", "stk", "the push failed", say.UNREACHED, "now",
     "documented", {}),
    ("E3008", "Error, the user has a bad debt contract.", "stk", "an ordinary phone in the sandbox", say.STAFF, "no",
     "observed", {}),
    ("SFC_IC0003", "The operator does not exist.", "stk b2c", "wrong receiver or identifier type", say.STAFF,
     "after fix", "observed", {}),
    ("TP40087", "The PIN is wrong", "stk", "wrong PIN; one source, text not established", say.WRONG_PIN, "now",
     "assumed", {}),
)  # fmt: skip

_NONE: Final = say.NOTHING
_CHECKING: Final = say.CHECKING

OTHER_ROWS: Final[tuple[Row, ...]] = (
    (2, "Declined due to limit rule: less than the minimum transaction amount.", "b2c b2b",
     "below the minimum (10 shillings for a payout)",
     ("The amount is below M-Pesa's minimum.", "Kiasi ni chini ya kiwango cha chini cha M-Pesa."),
     "after fix", "documented", {}),
    (5, "", "b2c", "would fall below the minimum balance (old); text not established", _NONE, "after fix",
     "assumed", {}),
    (11, "The DebitParty is in an invalid state.", "b2c b2b reversal", "the organisation's account is not active",
     ("We cannot pay out right now.", "Hatuwezi kutuma malipo kwa sasa."), "after fix", "documented", {}),
    (14, "", "b2c c2b", "credit party in an invalid state; text not established",
     ("The receiving account is not active.", "Akaunti inayopokea haitumiki."), "after fix", "assumed", {}),
    (15, "", "core", "duplicate detected: the conversation id was used before", _NONE, "ask first", "documented", {}),
    (17, "System internal error.", "b2b b2c", "internal failure", _CHECKING, "ask first", "documented", {}),
    (18, "", "core", "initiator password check failed", _NONE, "after fix", "documented", {}),
    (19, "", "core", "sequencing error", _NONE, "after fix", "documented", {}),
    (20, "", "core", "initiator not found", _NONE, "after fix", "documented", {}),
    (21, "The initiator is not allowed to initiate this request", "b2c b2b status balance reversal", "role missing",
     _NONE, "after fix", "documented", {}),
    (22, "", "core", "the initiator is inactive or may not act towards the receiver", _NONE, "after fix",
     "documented", {}),
    (24, "", "core", "a mandatory field is missing", _NONE, "after fix", "documented", {}),
    (25, "The format of parameter null is invalid.", "core status", "a field is malformed", _NONE, "after fix",
     "documented", {}),
    (29, "", "core", "unknown command", _NONE, "after fix", "documented", {}),
    ("00", "", "qr", "done; the documentation shows an AG_ id in its place", _NONE, "no", "disputed", {}),
    (200, "", "bill_manager ratiba", "done", _NONE, "no", "documented", {}),
    (400, "Bad Request", "bill_manager", "a field is missing or malformed; not established", _NONE, "after fix",
     "assumed", {}),
    (404, "Not Found", "bill_manager", "no such invoice; not established", _NONE, "after fix", "assumed", {}),
    (409, "Conflict", "bill_manager", "an invoice that is paid, wholly or in part, cannot be cancelled", _NONE, "no",
     "documented", {}),
    (1000, "", "pull", "done", _NONE, "no", "documented", {}),
    (1001, "", "pull", "nothing found in the window, or registered before; not the 1001 of STK", _NONE, "no",
     "documented", {}),
    (1050, "", "ratiba", "the standing order's name is used already",
     ("Choose another name.", "Chagua jina lingine."), "after fix", "documented", {}),
    (1051, "", "ratiba", "bad request", _NONE, "after fix", "documented", {}),
    (2001, "The initiator information is invalid.", "b2c b2b status balance reversal",
     "API user, password, certificate or padding is wrong", _NONE, "after fix", "documented", {}),
    (2006, "Declined due to account rule: The account status does not allow this transaction.", "b2c reversal",
     "the account is not active", _NONE, "after fix", "documented", {}),
    (2007, "", "c2b", "external validation failed; text not established", _NONE, "after fix", "assumed", {}),
    (2020, "", "unknown", "format of the amount; one source, API and text not established", _NONE, "after fix",
     "assumed", {}),
    (2029, "", "unknown", "unresolved reason type; one source, API and text not established", _NONE, "after fix",
     "assumed", {}),
    (2033, "The transaction receipt number does not exist.", "status", "receipt not found; the text is assumed", _NONE,
     "ask first", "assumed", {}),
    (2040, "Credit Party customer type (Unregistered or Registered Customer) can't be supported by the service.",
     "b2c", "the recipient is not registered",
     ("This number cannot receive M-Pesa.", "Nambari hii haiwezi kupokea M-Pesa."), "after fix", "documented", {}),
    (2043, "", "unknown", "reason type; one source, API and text not established", _NONE, "after fix", "assumed", {}),
    (2051, "", "unknown", "the phone number is invalid; one source, API and text not established", _NONE, "after fix",
     "assumed", {}),
    (2202, "", "unknown", "the account number is invalid; one source, API and text not established", _NONE,
     "after fix", "assumed", {}),
    (4000, "Success", "organisation", "done; the documentation's table says 0", _NONE, "no", "disputed", {}),
    (4000, "Details match", "kyc", "the details match; code and text are not established", _NONE, "no", "assumed", {}),
    (4001, "Invalid Identifier", "organisation", "no such till or pay bill; the code is not established", _NONE,
     "after fix", "assumed", {}),
    (4001, "User cancelled transaction", "b2b_express", "cancelled",
     ("The payment was cancelled.", "Malipo yameghairiwa."), "now", "documented", {}),
    (4001, "Details do not match", "kyc", "the details do not match", _NONE, "no", "assumed", {}),
    (1, "The balance is insufficient for the transaction.", "b2b_express",
     "the till has too little money; not in the documented list", _NONE, "after top-up", "assumed", {}),
    (4102, "", "b2b_express", "KYC; text not established", _NONE, "after fix", "assumed", {}),
    (4104, "", "b2b_express", "the till has no nominated number; text not established", _NONE, "after fix", "assumed",
     {}),
    (4201, "", "b2b_express", "USSD network error; text not established", _NONE, "after fix", "assumed", {}),
    (4203, "", "b2b_express", "USSD exception; text not established", _NONE, "after fix", "assumed", {}),
    *((code, "", "bonga", "Lipa na Bonga; meaning and text not established", _NONE, "ask first", "assumed", {})
      for code in (6000, 6001, 6004, 6005, 6006, 6007, 6008, 6009, 6011)),
    (8006, "The security credential is locked.", "b2c b2b status balance reversal", "the API user is locked", _NONE,
     "after fix", "documented", {}),
    ("R000001", "The transaction has already been reversed.", "reversal", "reversed before", _NONE, "no",
     "documented", {}),
    ("R000002", "The OriginalTransactionID is invalid.", "reversal", "no such transaction", _NONE, "after fix",
     "documented", {}),
    (17, "", "bonga", "Lipa na Bonga; meaning and text not established", _NONE, "ask first", "assumed", {}),
    (1037, "", "bonga", "no answer from the phone; text not established", _NONE, "ask first", "assumed", {}),
    (2001, "", "bonga", "wrong PIN; text not established", _NONE, "now", "assumed", {}),
    ("TP40153", "The operator does not have permission to perform this operation.", "balance",
     "role missing; the text is assumed", _NONE, "after fix", "assumed", {}),
    ("SFC_IC0003", "Receiver party is invalid", "b2b", "wrong receiver or identifier type", _NONE, "after fix",
     "documented", {}),
    ("SFC_IC0003", "The operator does not exist.", "status", "wrong short code or identifier type", _NONE, "after fix",
     "documented", {}),
    (100000000, "", "core", "the request is cached for resending", _NONE, "ask first", "documented", {}),
    (100000001, "", "core", "overload", say.BUSY, "after a wait", "documented", {}),
    (100000002, "", "core", "throttled", say.BUSY, "after a wait", "documented", {}),
    (100000004, "", "core", "internal error", _CHECKING, "ask first", "documented", {}),
    (100000005, "", "core", "invalid input value", _NONE, "after fix", "documented", {}),
    (100000007, "", "core", "service abnormal", _CHECKING, "ask first", "documented", {}),
    (100000009, "", "core", "API abnormal", _CHECKING, "ask first", "documented", {}),
    (100000010, "", "core", "insufficient permission", _NONE, "after fix", "documented", {}),
    (100000011, "", "core", "request rate exceeded", say.BUSY, "after a wait", "documented", {}),
    *((code, "Rejected", "c2b", f"the merchant's own answer to a validation: {what}", _NONE, "no",
       "documented", {})
      for code, what in (("C2B00011", "invalid phone number"), ("C2B00012", "invalid account number"),
                         ("C2B00013", "invalid amount"), ("C2B00014", "invalid KYC details"),
                         ("C2B00015", "invalid short code"), ("C2B00016", "other"))),
)  # fmt: skip


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
