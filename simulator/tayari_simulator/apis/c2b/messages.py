"""Validation and confirmation: flat, every value text. Source: reference 3.3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from tayari_simulator.apis.core.customers import names_of
from tayari_simulator.apis.core.daraja_state import DarajaState, FurtherMessage, Result
from tayari_simulator.apis.core.organisations import Organisation
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Delivery
from tayari_simulator.state.exchange import dumps
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Transaction

Json = dict[str, Any]

PAY_BILL: Final = "CustomerPayBillOnline"
BUY_GOODS: Final = "CustomerBuyGoodsOnline"
FIELDS: Final = (
    "TransactionType", "TransID", "TransTime", "TransAmount", "BusinessShortCode", "BillRefNumber", "InvoiceNumber",
    "OrgAccountBalance", "ThirdPartyTransID", "MSISDN", "FirstName", "MiddleName", "LastName",
)  # fmt: skip
THIRD_PARTY: Final = "third_party"
"""In a transaction's details: the `ThirdPartyTransID` of the merchant's answer to the validation."""


def example_of(kind: str) -> Callable[[DarajaState, str, int, str, float], Transaction]:
    """What makes a payment of this kind, to the configured short code, that nobody made."""

    def example(state: DarajaState, msisdn: str, shillings: int, url: str, now_s: float) -> Transaction:
        short_code = state.business.short_code
        return Transaction(
            state.ids.receipt(now_s), state.ids.request_id(), kind, msisdn, shillings, short_code, short_code, "INV1",
            url, now_s, now_s, PAY_BILL,
        )  # fmt: skip

    return example


class C2bMessages:
    """Builds the messages about C2B payments under one set of switches."""

    def __init__(self, options: Options) -> None:
        self._msisdn = _FORMS[options.text("c2b_msisdn")]
        self._names = options.text("c2b_names")
        self._till = options.text("c2b_till_type")

    def validation(self, transaction: Transaction, organisation: Organisation, date_time: int) -> bytes:
        """The question whether a payment may be made."""
        message = self._head(transaction, "", transaction.id, date_time, organisation.short_code)
        message["TransAmount"] = str(transaction.amount)
        return dumps(message | {"FirstName": names_of(transaction.msisdn)[0]})

    def confirmation(
        self, state: DarajaState, transaction: Transaction, organisation: Organisation, *, receipt: str, at_s: float
    ) -> bytes:
        """The message about a payment that was made. Its `TransID` is the receipt."""
        kind = self._till if transaction.command == BUY_GOODS else "Pay Bill"
        message = self._head(transaction, kind, receipt, state.ids.second(at_s).date_time, organisation.short_code)
        balance = state.ledger.balance(organisation.short_code, Account.UTILITY)
        message["OrgAccountBalance"] = f"{balance}.00"
        message["ThirdPartyTransID"] = (transaction.details or {}).get(THIRD_PARTY, "")
        return dumps(message | self._customer(transaction.msisdn, receipt))

    def of_result(self, state: DarajaState, transaction: Transaction, result: Result) -> bytes:
        """The confirmation of a result. It has no result code: it is sent only for money that moved."""
        organisation = state.organisations.find(transaction.short_code)
        if organisation is None or str(result.code) != "0":
            return b""
        return self.confirmation(state, transaction, organisation, receipt=result.receipt, at_s=result.at_s)

    def _head(self, transaction: Transaction, kind: str, receipt: str, date_time: int, short_code: str) -> Json:
        """All fields but the names, in their order; balance and the merchant's own number are empty."""
        return {
            "TransactionType": kind,
            "TransID": receipt,
            "TransTime": str(date_time),
            "TransAmount": f"{transaction.amount}.00",
            "BusinessShortCode": short_code,
            "BillRefNumber": "" if transaction.command == BUY_GOODS else transaction.reference,
            "InvoiceNumber": "",
            "OrgAccountBalance": "",
            "ThirdPartyTransID": "",
            "MSISDN": self._msisdn(transaction.msisdn),
        }

    def _customer(self, msisdn: str, receipt: str) -> Json:
        """The names. `mix`: half of the receipts leave two of them out, the others have them empty."""
        first, last = names_of(msisdn)
        if self._names == "full":
            return {"FirstName": first, "MiddleName": "", "LastName": last}
        if self._names == "missing" or (self._names == "mix" and ord(receipt[-1]) % 2):
            return {"FirstName": first}
        return {"FirstName": first, "MiddleName": "", "LastName": ""}


def organisation_of(state: DarajaState, transaction: Transaction) -> Organisation | None:
    """The receiver of a customer's payment that registered URLs: the till, or the short code that asked for it."""
    find = state.organisations.find
    organisation = find(transaction.party_b)
    if organisation is not None and organisation.urls is not None:
        return organisation
    if transaction.short_code == transaction.party_b:
        return None
    organisation = find(transaction.short_code)
    return organisation if organisation is not None and organisation.urls is not None else None


def confirmation_of_push(options: Options) -> FurtherMessage:
    """What confirms an STK payment to the C2B URLs of its short code as well. Source: reference 3.1, 6-32."""
    messages = C2bMessages(options)
    is_off = options.says("stk_c2b_confirmation", "off")

    def confirm(state: DarajaState, transaction: Transaction, at_s: float) -> Delivery | None:
        organisation = organisation_of(state, transaction)
        if organisation is None or organisation.urls is None or is_off or not organisation.confirms_pushes:
            return None
        body = messages.confirmation(state, transaction, organisation, receipt=transaction.receipt, at_s=at_s)
        return Delivery(
            at_s, organisation.urls.confirmation, body, transaction.id, transaction.msisdn, note="C2B confirmation"
        )

    def body(state: DarajaState, transaction: Transaction, at_s: float) -> bytes:
        organisation = organisation_of(state, transaction) or state.organisations.find(transaction.short_code)
        assert organisation is not None  # a transaction has a short code that was known
        receipt = transaction.receipt or state.ids.receipt(at_s)
        return messages.confirmation(state, transaction, organisation, receipt=receipt, at_s=at_s)

    return FurtherMessage(Call.CONFIRMATION, confirm, body)


def _masked(msisdn: str) -> str:
    return f"{msisdn[:4]} ***** {msisdn[-3:]}"


def _masked_inside(msisdn: str) -> str:
    return f"{msisdn[:5]}****{msisdn[-3:]}"


@lru_cache(maxsize=4096)
def _hashed(msisdn: str) -> str:
    return hashlib.sha256(msisdn.encode()).hexdigest()


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "masked": _masked,
    "hashed": _hashed,
    "full": str,
    "masked_2019": _masked_inside,
}


def _schema(title: str, required: tuple[str, ...], about: Mapping[str, str]) -> Json:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {name: {"type": "string", **_about(about.get(name, ""))} for name in FIELDS},
        "required": list(required),
    }


def _about(text: str) -> Json:
    return {"description": text} if text else {}


_ABOUT: Final = {
    "TransID": "the receipt: the same in validation and confirmation; the key for finding duplicates",
    "TransTime": "YYYYMMDDHHmmss in EAT",
    "TransAmount": "decimal text; a validation has no decimals",
    "BillRefNumber": "what the customer typed; empty for tills",
    "InvoiceNumber": "always empty",
    "OrgAccountBalance": "empty in a validation; the new balance in a confirmation",
    "MSISDN": "masked, a SHA-256 in hexadecimal, or the full number",
    "MiddleName": "empty, or absent",
    "LastName": "empty, or absent",
}

C2B_VALIDATION: Final = _schema("C2B: validation (the merchant answers within 8 s)", FIELDS[:11], _ABOUT)
C2B_CONFIRMATION: Final = _schema("C2B: confirmation of a payment that was made", FIELDS[:11], _ABOUT)
