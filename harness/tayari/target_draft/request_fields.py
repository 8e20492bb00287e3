"""Which field of a merchant's request holds the number, the amount and the reference of a payment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tayari.target_draft.source_files import compiled

OF_DARAJA: Final = frozenset({
    "BusinessShortCode", "MpesaReceiptNumber", "Password", "Timestamp", "TransactionType", "Amount", "PartyA",
    "PartyB", "PhoneNumber", "CallBackURL", "AccountReference", "TransactionDesc", "CheckoutRequestID",
    "MerchantRequestID", "ResponseCode", "ResultCode", "ResultDesc", "CallbackMetadata", "Item", "Name", "Body",
    "stkCallback", "Value", "errorMessage", "errorCode", "access_token", "CustomerMessage", "ResponseDescription",
})  # fmt: skip
_FIELDS: Final = (
    ("{msisdn}", r"(?i)phone|msisdn|mobile|^tel|customer_?number|^number$|payer"),
    ("{amount}", r"(?i)amount|total|price|^kes$|^sum$|net_?pay|salary|wage|fee_?due"),
    (
        "{reference}",
        r"(?i)ref|order|account|invoice|^what$|item|description|product|bill|admission|meter|member|policy|booking",
    ),
)


def request_fields(
    names: Sequence[str], required: Mapping[str, object], *, optional: Collection[str] = ()
) -> tuple[dict[str, object], str]:
    """The body that is proposed, and the doubt about it.

    `required`: fields that it may not lack, with values. `optional`: placeholders that it may.
    """
    body: dict[str, object] = {}
    missing = []
    for placeholder, pattern in _FIELDS:
        name = next(
            (each for each in names if each not in OF_DARAJA and compiled(pattern).search(each) and each not in body),
            None,
        )
        if name is not None:
            body[name] = placeholder
        elif placeholder != "{reference}" and placeholder not in optional:
            missing.append(placeholder)
    others = {name: value for name, value in required.items() if name not in body}
    body |= others
    if not missing:
        return body, f"what your page sends as {' and '.join(others)}" if others else ""
    doubt = f"no field was found for {' and '.join(missing)}; write the fields of the request"
    return {"phone": "{msisdn}", "amount": "{amount}"} | body if len(missing) == 2 else body, doubt
