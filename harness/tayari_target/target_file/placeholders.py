"""The `{names}` that a target file may use, and how they are filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from tayari_target.target_file.target_model import NOTHING, CallTemplate

RUN: Final = frozenset({
    "daraja_url", "proxy_url", "ca_file", "tls_url", "certificate_file", "security_credential", "consumer_key",
    "consumer_secret", "short_code", "passkey", "port", "work_dir", "instance", "python", "target_dir",
})  # fmt: skip
"""Known once the simulator runs."""

PAYMENT: Final = frozenset({"msisdn", "msisdn_local", "amount", "amount_text", "reference", "idempotency_key"})
"""Known when a payment is started."""

READING: Final = frozenset({"payment_id", "reference", "msisdn", "msisdn_local"})
"""Known when a payment is read."""

OPENING: Final = frozenset({"msisdn", "msisdn_local", "amount", "amount_text", "reference"})
"""Known when an account is opened."""

PAYOUT: Final = OPENING | {"party_b"}
"""Known when a payout is started; a payout to another organisation names `party_b`, the short code that is paid."""

READING_PAYOUT: Final = frozenset({"payout_id", "reference"})
"""Known when a payout is read."""

READING_WALLET: Final = frozenset({"msisdn", "msisdn_local", "party_b"})
"""Known when a balance is read that a payout is taken from."""

READING_ACCOUNT: Final = frozenset({"account", "reference"})
"""Known when an account that customers pay into is read."""

REFUND: Final = frozenset({"payment_id", "msisdn", "msisdn_local", "amount", "amount_text", "reference"})
"""Known when a refund is started: of the payment, and how much of it is given back."""

READING_REFUND: Final = frozenset({"refund_id", "payment_id", "reference"})
"""Known when a refund is read."""

ALL: Final = RUN | PAYMENT | PAYOUT | READING | READING_PAYOUT | READING_ACCOUNT | REFUND | READING_REFUND
"""Known somewhere in a target file."""

MEANT: Final[Mapping[str, str]] = MappingProxyType({
    **dict.fromkeys(("phone", "phone_number", "phonenumber", "mobile", "tel", "telephone", "number"), "msisdn"),
    **dict.fromkeys(("total", "price", "sum", "kes", "value", "cost"), "amount"),
    **dict.fromkeys(("order", "order_id", "ref", "account", "account_reference", "invoice"), "reference"),
    **dict.fromkeys(("account_number", "bill_ref_number", "billrefnumber"), "account"),
    **dict.fromkeys(("id", "pk", "payment", "transaction_id", "checkout_request_id"), "payment_id"),
    **dict.fromkeys(("base_url", "mpesa_url", "mpesa_base_url", "simulator_url"), "daraja_url"),
    **dict.fromkeys(("key", "client_id"), "consumer_key"),
    **dict.fromkeys(("secret", "client_secret"), "consumer_secret"),
    **dict.fromkeys(("partyb", "payee", "receiver", "supplier"), "party_b"),
    **dict.fromkeys(("shortcode", "paybill", "till", "business_short_code"), "short_code"),
})  # fmt: skip
"""Words that people write for a placeholder, and which one they mean."""

_NAME = re.compile(r"(?<![{$])\{([a-z][a-z0-9_]*)\}(?!\})")


class PlaceholderError(Exception):
    """A placeholder has no value in this run; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{name}}} has no value in this run")
        self.name = name


def names(text: str) -> tuple[str, ...]:
    """The placeholders in a text, in order; `${HOME}` and `{{literal}}` are none."""
    return tuple(_NAME.findall(text))


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with every placeholder replaced.

    `+{msisdn}` loses its plus where a rule types the number in another form than 254...

    Raises:
        PlaceholderError: a name without a value.
    """
    if "+{msisdn}" in text and not str(values.get("msisdn", "")).startswith("254"):
        text = text.replace("+{msisdn}", "{msisdn}")

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if values.get(name) is None:
            raise PlaceholderError(name)
        return str(values[name])

    return _NAME.sub(value, text)


def fill_call(
    call: CallTemplate,
    values: Mapping[str, object],
    *,
    base_url: str,
    headers: Mapping[str, str] = NOTHING,
    as_they_are: Mapping[str, str] = NOTHING,
) -> CallTemplate:
    """The call with its placeholders filled; its path is the whole address.

    `headers`: those of all calls, to be filled too; `as_they_are`: those that are not.

    Raises:
        PlaceholderError: a name without a value.
    """
    return replace(
        call,
        path=_url(base_url, call.path, values),
        headers={**_filled({**headers, **call.headers}, values), **as_they_are},
        json=_json(call.json, values),
        form=None if call.form is None else _filled(call.form, values),
    )


def _json(template: object, values: Mapping[str, object]) -> object:
    """A JSON template filled; a value that is exactly `{amount}` keeps the type it was given with."""
    if isinstance(template, str):
        whole = _NAME.fullmatch(template)
        if whole is not None and isinstance(values.get(whole.group(1)), int | float):
            return values[whole.group(1)]
        return fill(template, values)
    if isinstance(template, Mapping):
        return {key: _json(member, values) for key, member in template.items()}
    if isinstance(template, list | tuple):
        return [_json(member, values) for member in template]
    return template


def _filled(texts: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
    return {name: fill(text, values) for name, text in texts.items()}


def _url(base_url: str, path: str, values: Mapping[str, object]) -> str:
    """The address of a call: values in its path are quoted; a path with a host of its own needs no base."""
    found = {name: values.get(name) for name in names(path)}
    filled = fill(path, {name: quote(str(value), safe="") for name, value in found.items() if value is not None})
    return filled if filled.startswith("http") else fill(base_url, values) + filled
