"""The STK callback: success and failure in every form that was documented or captured (reference 1.6, 3.1)."""

from __future__ import annotations

from typing import Any, Final

import orjson

from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.results import wire_form
from tayari_simulator.state.json_bytes import dumps
from tayari_simulator.state.transactions import Payment

Json = dict[str, Any]

SOURCE_ADDRESSES: Final = (
    "196.201.214.200", "196.201.214.206", "196.201.214.207", "196.201.214.208",
    "196.201.213.114", "196.201.213.44",
    "196.201.212.127", "196.201.212.138", "196.201.212.129", "196.201.212.136", "196.201.212.74", "196.201.212.69",
)  # fmt: skip
"""From where callbacks come. Source: reference 1.9."""


class Callbacks:
    """Builds callback bodies under one set of switches."""

    def __init__(self, options: Options) -> None:
        self._balance = options.says("balance_item", "empty")
        self._masked = options.says("callback_phone", "masked")
        self._amount = options.text("callback_amount")
        self._single = options.says("metadata_form", "single_object")
        self._plain = not (self._balance or self._masked or self._single or self._amount != "integer")

    def body(self, payment: Payment, code: int | str, desc: str, *, receipt: str, date_time: int) -> bytes:
        """The callback as bytes. `date_time` is TransactionDate; both it and `receipt` appear on success only."""
        if code == 0 and self._plain:
            metadata: Json | None = {
                "Item": [
                    {"Name": "Amount", "Value": payment.amount},
                    {"Name": "MpesaReceiptNumber", "Value": receipt},
                    {"Name": "TransactionDate", "Value": date_time},
                    {"Name": "PhoneNumber", "Value": int(payment.msisdn)},
                ]
            }
        else:
            metadata = self._metadata(payment, receipt, date_time) if str(code) == "0" else None
        result: Json = {
            "MerchantRequestID": payment.merchant_request_id,
            "CheckoutRequestID": payment.checkout_request_id,
            "ResultCode": wire_form(code),
            "ResultDesc": desc,
        }
        if metadata is not None:
            result["CallbackMetadata"] = metadata
        return dumps({"Body": {"stkCallback": result}})

    def _metadata(self, payment: Payment, receipt: str, date_time: int) -> Json:
        paid = {"Name": "MpesaReceiptNumber", "Value": receipt}
        if self._single:
            return {"Item": paid}
        items: list[Json] = [{"Name": "Amount", "Value": self._money(payment.amount)}, paid]
        if self._balance:
            items.append({"Name": "Balance"})
        items.append({"Name": "TransactionDate", "Value": date_time})
        items.append({"Name": "PhoneNumber", "Value": self._phone(payment.msisdn)})
        return {"Item": items}

    def _money(self, amount: int) -> Any:
        if self._amount == "integer":
            return amount
        return float(amount) if self._amount == "one_decimal" else orjson.Fragment(b"%d.00" % amount)

    def _phone(self, msisdn: str) -> int | str:
        return f"{msisdn[:6]}***{msisdn[-3:]}" if self._masked else int(msisdn)
