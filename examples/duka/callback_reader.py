"""Reading a callback: by name, whatever the types, whatever is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from records import Result


class Unreadable(Exception):
    """This is not a callback."""


class CallbackReader:
    """`Body.stkCallback` -> `Result`."""

    def read(self, raw: bytes) -> Result:
        """Read one message.

        Raises:
            Unreadable: it is not JSON, or not an STK callback.
        """
        callback = self.envelope(self.parse(raw))
        items = self.items(callback)
        return Result(
            checkout_request_id=str(callback["CheckoutRequestID"]),
            merchant_request_id=str(callback.get("MerchantRequestID", "")),
            code=self.code(callback["ResultCode"]),
            amount=self.amount(items),
            receipt=self.receipt(items),
        )

    def parse(self, raw: bytes) -> object:
        try:
            return json.loads(raw)
        except ValueError as error:  # also bad UTF-8
            raise Unreadable("not JSON") from error

    def envelope(self, message: object) -> Mapping[str, Any]:
        body = message.get("Body") if isinstance(message, dict) else None
        callback = body.get("stkCallback") if isinstance(body, dict) else None
        if not isinstance(callback, dict) or not {"CheckoutRequestID", "ResultCode"} <= callback.keys():
            raise Unreadable("no Body.stkCallback with CheckoutRequestID and ResultCode")
        return callback

    def code(self, value: object) -> str:
        """`0`, `"0"`, `1032`, `"SFC_IC0003"`: the same code in every type."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value).strip()

    def items(self, callback: Mapping[str, Any]) -> Mapping[str, object]:
        """The metadata by name. Failures have none; one item may come without its list; one may have no Value."""
        metadata = callback.get("CallbackMetadata")
        listed = metadata.get("Item") if isinstance(metadata, dict) else None
        if isinstance(listed, dict):
            listed = [listed]
        if not isinstance(listed, list):
            return {}
        return {str(item["Name"]): self.value(item) for item in listed if isinstance(item, dict) and "Name" in item}

    def value(self, item: Mapping[str, Any]) -> object:
        return item.get("Value")

    def amount(self, items: Mapping[str, object]) -> Decimal | None:
        """`1`, `1.0`, `"1.00"`: the same amount."""
        try:
            return Decimal(str(items["Amount"]))
        except (KeyError, InvalidOperation):
            return None

    def receipt(self, items: Mapping[str, object]) -> str | None:
        value = items.get("MpesaReceiptNumber")
        text = str(value).strip() if value is not None else ""
        return text or None
