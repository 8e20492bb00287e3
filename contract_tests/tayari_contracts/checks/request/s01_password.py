"""S01: the Password is base64(short code + passkey + the Timestamp that is sent)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.pushes import first_push


@check("S01")
def signs_each_push(context: CheckContext) -> None:
    """The Password of one push is decoded."""
    body = body_of(first_push(context, context.actions.pay()))
    problem = password_problem(
        body, passkey=context.environment.placeholders.get("passkey", context.target.daraja.passkey)
    )
    if problem:
        raise Failed(
            f"the Password of the STK push {problem}; expected base64 of short code, passkey and Timestamp: Daraja "
            "answers 500.001.1001 Wrong credentials"
        )


def password_problem(body: Mapping[str, Any], *, passkey: str) -> str:
    """What is wrong with the password of a request body; empty when nothing is. Never quotes a secret."""
    short_code, timestamp = str(body.get("BusinessShortCode", "")), str(body.get("Timestamp", ""))
    try:
        plain = b64decode(str(body.get("Password", "")), validate=True).decode()
    except (binascii.Error, ValueError):
        return "is not base64"
    if plain == f"{short_code}{passkey}{timestamp}":
        return ""
    if not plain:
        return "is empty"
    if plain.startswith(f"{short_code}{passkey}"):
        return f"was made with the timestamp {plain[len(short_code + passkey) :]!r}, and {timestamp!r} was sent"
    if not plain.startswith(short_code):
        return "does not begin with the BusinessShortCode that was sent"
    if passkey not in plain:
        return "was not made with the passkey of the target file"
    return "is not short code, passkey and Timestamp in this order, with nothing between them"
