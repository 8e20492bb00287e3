"""S17: the callback's host does not come from the customer's request."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.pushes import taken_pushes

STRANGER: Final = "stranger.example"
WAYS: Final[tuple[tuple[str, ...], ...]] = (
    ("X-Forwarded-Host",),
    ("Forwarded",),
    ("Origin", "Referer"),
    ("Host",),
)


@check("S17")
def callbacks_go_to_the_merchant_whatever_the_request_says(context: CheckContext) -> None:
    """Payments are started with another host's name in the headers; a refusal is fine."""
    if context.target.merchant.adapter is not None:
        raise Untested("an adapter starts the payments, so no header can be sent with them", certain=True)
    pushed = 0
    for names in WAYS:
        payment = context.actions.pay(headers={name: _value(name) for name in names})
        for push in taken_pushes(context, payment):
            pushed += 1
            url = str(body_of(push).get("CallBackURL", ""))
            if STRANGER in _host(url):
                raise Failed(
                    f"a payment that was started with {' and '.join(names)} {STRANGER} gave Daraja a CallBackURL at "
                    f"{STRANGER}; expected the merchant's own host: anybody can have the results sent elsewhere"
                )
    if not pushed:
        raise Untested("no payment that was started with such headers sent a push")


def _value(name: str) -> str:
    return {"Forwarded": f"host={STRANGER};proto=https", "Host": STRANGER, "X-Forwarded-Host": STRANGER}.get(
        name, f"https://{STRANGER}"
    )


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # `http://[x`
        return ""
