"""The STK callback: success and failure in every form that was documented or captured (reference 1.6, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from tayari_simulator.apis.core.daraja_state import DarajaState, Result
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.exchange import dumps
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.state.transactions import Transaction

Json = dict[str, Any]

SOURCE_ADDRESSES: Final = (
    "196.201.214.200", "196.201.214.206", "196.201.214.207", "196.201.214.208",
    "196.201.213.114", "196.201.213.44",
    "196.201.212.127", "196.201.212.138", "196.201.212.129", "196.201.212.136", "196.201.212.74", "196.201.212.69",
)  # fmt: skip
"""From where callbacks come. Source: reference 1.9."""


def transaction_date(state: DarajaState, now_s: float) -> int:
    """`TransactionDate`: 14 digits in EAT, perhaps earlier than the clock (option `transaction_date_skew_s`)."""
    skew_s = state.rules.transaction_date_skew_s
    if skew_s:
        return int(f"{datetime.fromtimestamp(int(now_s - skew_s), EAT):%Y%m%d%H%M%S}")
    return state.ids.second(now_s).date_time


class StkCallback:
    """Builds the callback of an STK push under one set of switches."""

    def __init__(self, options: Options) -> None:
        self._balance = options.says("balance_item", "empty")
        self._masked = options.says("callback_phone", "masked")
        self._amount = options.text("callback_amount")
        self._single = options.says("metadata_form", "single_object")
        self._plain = not (self._balance or self._masked or self._single or self._amount != "integer")

    def __call__(self, state: DarajaState, transaction: Transaction, result: Result) -> bytes:
        """The callback as bytes. Receipt and TransactionDate appear on success only."""
        code, desc, receipt, at_s = result
        date_time = transaction_date(state, at_s) if str(code) == "0" else 0
        if code == 0 and self._plain:
            metadata: Json | None = {
                "Item": [
                    {"Name": "Amount", "Value": transaction.amount},
                    {"Name": "MpesaReceiptNumber", "Value": receipt},
                    {"Name": "TransactionDate", "Value": date_time},
                    {"Name": "PhoneNumber", "Value": int(transaction.msisdn)},
                ]
            }
        else:
            metadata = self._metadata(transaction, receipt, date_time) if str(code) == "0" else None
        callback: Json = {
            "MerchantRequestID": transaction.request_id,
            "CheckoutRequestID": transaction.id,
            "ResultCode": code,
            "ResultDesc": desc,
        }
        if metadata is not None:
            callback["CallbackMetadata"] = metadata
        return dumps({"Body": {"stkCallback": callback}})

    def _metadata(self, transaction: Transaction, receipt: str, date_time: int) -> Json:
        paid = {"Name": "MpesaReceiptNumber", "Value": receipt}
        if self._single:
            return {"Item": paid}
        items: list[Json] = [{"Name": "Amount", "Value": self._money(transaction.amount)}, paid]
        if self._balance:
            items.append({"Name": "Balance"})
        items.append({"Name": "TransactionDate", "Value": date_time})
        items.append({"Name": "PhoneNumber", "Value": self._phone(transaction.msisdn)})
        return {"Item": items}

    def _money(self, amount: int) -> Any:
        if self._amount == "integer":
            return amount
        return float(amount) if self._amount == "one_decimal" else orjson.Fragment(b"%d.00" % amount)

    def _phone(self, msisdn: str) -> int | str:
        return f"{msisdn[:6]}***{msisdn[-3:]}" if self._masked else int(msisdn)


ITEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "Name": {"enum": ["Amount", "MpesaReceiptNumber", "Balance", "TransactionDate", "PhoneNumber"]},
        "Value": {"type": ["string", "number"], "description": "absent for Balance"},
    },
    "required": ["Name"],
}

STK_CALLBACK: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "M-Pesa Express: the result (callback)",
    "type": "object",
    "properties": {
        "Body": {
            "type": "object",
            "properties": {
                "stkCallback": {
                    "type": "object",
                    "properties": {
                        "MerchantRequestID": {"type": "string", "minLength": 1},
                        "CheckoutRequestID": {"type": "string", "minLength": 1},
                        "ResultCode": {"type": ["integer", "string"], "description": "0 is success"},
                        "ResultDesc": {"type": "string"},
                        "CallbackMetadata": {
                            "description": "on success only",
                            "type": "object",
                            "properties": {"Item": {"anyOf": [{"type": "array", "items": ITEM}, ITEM]}},
                            "required": ["Item"],
                        },
                    },
                    "required": ["MerchantRequestID", "CheckoutRequestID", "ResultCode", "ResultDesc"],
                }
            },
            "required": ["stkCallback"],
        }
    },
    "required": ["Body"],
}
"""Balance may come without a Value, one item without its list, the code as text."""
