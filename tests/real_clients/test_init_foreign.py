"""`tayari init` on published code that nobody of this project wrote."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from environments import RegistryUnreachable, unpacked
from tayari.target_draft.source_draft import draft_from_source
from tayari_target.target_file import load_target

pytestmark = pytest.mark.registry

PACKAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "djangompesa==2.2": ("Django", "POST /api/payment/stk_push/", {"phone": "{msisdn}", "amount": "{amount}"}),
    "django-mpesa-payments==0.0.4": (
        "Django",
        "POST /request-stk-push/",
        {"phone_number": "{msisdn}", "amount": "{amount}", "account_number": "{reference}"},
    ),
    "django-mpesa-express==0.1": (
        "Django",
        "POST /checkout/",
        {"phone_number": "{msisdn}", "amount": "{amount}", "reference": "{reference}"},
    ),
    "mainfinity-django-mpesa==0.1.1": ("Django", "", {}),
    "django-mpesa==2.0.14": (
        "Django",
        "POST /submit/",
        {"phone_number": "{msisdn}", "amount": "{amount}", "paybill_account_number": "{reference}"},
    ),
    "django-mpesa-tek==0.1": (
        "Django",
        "POST /trigger_mpesa_stk_payment/",
        {"phonenumber": "{msisdn}", "amount": "{amount}"},
    ),
    "mpesa-api==0.2.3": ("Django", "", {}),
    "django-mpesapy==0.1.2": ("Django", "", {}),
    "daraja-mock==1.0.5": ("Flask", "", {}),
    "npm:mpesa-node@0.1.3": ("Express", "", {}),
}
"""Package -> stack, the request that starts a payment, and its fields; no request: it has no such route."""

CALLBACKS = {
    "django-mpesa==2.0.14": "POST /confirm/",
    "django-mpesa-tek==0.1": "POST /stk_push_callback/",
    "mpesa-api==0.2.3": "POST /mpesa/c2b/online_checkout/callback",
}
"""Package -> the route that takes the callback of a push, beside others of the same words."""
LIBRARIES = ("mpesa-daraja==0.0.23", "fastapimpesa==0.0.1", "pesapy==0.0.3")
"""Clients without a server: no merchant is to be seen in them."""


SLOW = {"django-mpesa-payments==0.0.4", "django-mpesa-express==0.1", "mpesa-api==0.2.3", "django-mpesapy==0.1.2"}
"""Of the first two the registry has no wheel: pip looks at each for ten seconds. The others resemble those above."""


@pytest.mark.parametrize(
    "package", [pytest.param(each, marks=[pytest.mark.long] if each in SLOW else []) for each in PACKAGES]
)
def test_a_published_package_is_read(tmp_path: Path, not_proven: dict[str, str], package: str) -> None:
    stack, request, body = PACKAGES[package]
    try:
        source = unpacked(package)
    except RegistryUnreachable as error:
        not_proven[package] = str(error)
        pytest.skip(f"NOT PROVEN: {error}")
    folder = tmp_path / "project"
    shutil.copytree(source, folder)

    draft = draft_from_source(folder)

    assert draft is not None
    (tmp_path / "tayari.yaml").write_text(draft.text())
    assert load_target(tmp_path / "tayari.yaml", {}).merchant.name == "project"
    assert draft.about[0].startswith(f"Stack: {stack} (")
    assert draft.pay is not None
    assert (draft.pay.request.text, draft.pay.body) == (request, body) or not request
    assert CALLBACKS.get(package, "") in draft.text()
    assert bool(request) != ("no route was found that starts a payment" in draft.pay.request.doubt)


@pytest.mark.long
@pytest.mark.parametrize("package", LIBRARIES)
def test_a_client_library_is_no_merchant(not_proven: dict[str, str], package: str) -> None:
    try:
        source = unpacked(package)
    except RegistryUnreachable as error:
        not_proven[package] = str(error)
        pytest.skip(f"NOT PROVEN: {error}")

    assert draft_from_source(source) is None
