"""The keys of a merchant's messages: what its request needs for a payment, and what the code puts into its answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tayari.target_draft.source_files import Project, compiled

OF_DARAJA: Final = frozenset({
    "BusinessShortCode", "MpesaReceiptNumber", "Password", "Timestamp", "TransactionType", "Amount", "PartyA",
    "PartyB", "PhoneNumber", "CallBackURL", "AccountReference", "TransactionDesc", "CheckoutRequestID",
    "MerchantRequestID", "ResponseCode", "ResultCode", "ResultDesc", "CallbackMetadata", "Item", "Name", "Body",
    "stkCallback", "Value", "errorMessage", "errorCode", "access_token", "CustomerMessage", "ResponseDescription",
})  # fmt: skip
_KEYS: Final = r"\b(?:json:\")?(\w+)[\"']?\s*(?::|=>|,omitempty|\"`)"
_OF_AN_ERROR: Final = r"(?m)^.*(?:\b40\d\b|(?i:not.?found|no such|error)).*$"
"""Lines about a payment that is not there: what they hold is no part of an ordinary answer."""
_FIELDS: Final = (
    ("{msisdn}", r"(?i)phone|msisdn|mobile|^tel|customer_?number|^number$|payer"),
    ("{amount}", r"(?i)amount|total|price|^kes$|^sum$|net_?pay|salary|wage|fee_?due"),
    (
        "{reference}",
        r"(?i)ref|order|account|invoice|^what$|item|description|product|bill|admission|meter|member|policy|booking|listing"
        r"|pay_?slip|cart|basket|ticket",
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


def answer_keys(answer: str) -> list[str]:
    """Each key once, in the order of the code; what an error holds is left out."""
    answer = compiled(_OF_AN_ERROR).sub("", answer)
    keys: list[str] = compiled(_KEYS).findall(answer)
    for names in compiled(r"\{([^{}()]*)\}").findall(answer):  # `{ id, receipt }`
        keys += compiled(r"(?:^|,)\s*(\w+)\s*(?=,|$)").findall(names)
    for arguments in compiled(r"\b(?:jsonify|dict)\(((?:[^()]|\([^()]*\))*)\)").findall(answer):  # `jsonify(id=1)`
        keys += compiled(r"(?:^|,)\s*(\w+)\s*=(?!=)").findall(arguments)
    return list(dict.fromkeys(keys))


def listed_fields(project: Project, answer: str) -> list[str]:
    """The fields of the serializers (Django REST framework) that an answer is made with."""
    found: list[str] = []
    for name in dict.fromkeys(compiled(r"\b(\w+Serializer)\b").findall(answer)):
        hit = project.first(rf"^class {name}\b", ".py")
        block = hit.file.text[hit.match.start() : hit.match.start() + 900] if hit else ""
        rows = compiled(r"^\s+fields\s*=\s*[\[(]([^\])]*)").findall(block)[:1]
        found += [field for names in rows for field in compiled(r"[\"'](\w+)[\"']").findall(names)]
    return found


def first_key(keys: Sequence[str], pattern: str) -> str:
    """The first key of a pattern; empty where there is none."""
    return next((key for key in keys if compiled(pattern).search(key)), "")
