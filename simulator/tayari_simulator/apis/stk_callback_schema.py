"""The STK callback as a JSON Schema: every form that was documented or captured (reference 1.6, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
