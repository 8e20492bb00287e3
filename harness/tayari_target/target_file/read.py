"""`load_target`: one `tayari.yaml`, checked to the last key and made into records, or every problem in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tayari_control.process import Callbacks, DarajaAccount
from tayari_formats.problems import FileError
from tayari_formats.schema import check
from tayari_formats.yaml_document import read_file
from tayari_money.payment_record import PaymentState

from tayari_target.interception import Intercept, Others
from tayari_target.resources import target_schema
from tayari_target.target_file.checks import FORMATS, check_whole
from tayari_target.target_file.model import (
    NO_PAY,
    AccountReading,
    Audit,
    Balance,
    C2b,
    Call,
    Ledger,
    Listing,
    Merchant,
    OpenAccount,
    Pay,
    Payout,
    Promises,
    Refund,
    Start,
    Status,
    Target,
    Thresholds,
    Wallet,
)

Data = Mapping[str, Any]

SANDBOX_SHORT_CODE: Final = "174379"
SANDBOX_PASSKEY: Final = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
"""Public sandbox constants. Source: reference 1.8."""

USUAL: Final = frozenset({"stk_push", "stk_query"})
"""The capabilities of a merchant that takes payments, where its file names none."""


def build_merchant(data: Data) -> Merchant:
    """The `merchant` section."""
    pay, capabilities = _pay(data), data.get("capabilities")
    payout = _payout(data["payout"]) if "payout" in data else None
    usual = (USUAL if pay is not NO_PAY else frozenset()) | ({"payout", "c2b", "refund"} & set(data))
    return Merchant(
        name=data["name"],
        base_url=data["base_url"].rstrip("/"),
        pay=pay,
        payout=payout,
        refund=_refund(data["refund"]) if "refund" in data else None,
        pay_again=_pay({"pay": data["pay_again"]}) if "pay_again" in data else None,
        start=_start(data["start"]) if "start" in data else None,
        status=_status(data["status"]) if "status" in data else None,
        ledger=Ledger(way=_status(data["ledger"]), **_given(data["ledger"], "credits", "total"))
        if "ledger" in data
        else None,
        audit=Audit(call=_call(data["audit"]), messages=data["audit"]["messages"]) if "audit" in data else None,
        c2b=_c2b(data["c2b"]) if "c2b" in data else None,
        login=tuple(_call(step) for step in data.get("login", ())),
        headers=MappingProxyType(data.get("headers", {})),
        capabilities_named=capabilities is not None,
        promises=Promises(
            **_numbers(data.get("promises", {}), "reconcile_within_s", "queries_per_minute", "answer_within_s"),
            **_given(data.get("promises", {}), "payments_at_once"),
        ),
        capabilities=usual if capabilities is None else frozenset(capabilities),
        **_given(data, "adapter", "max_answer_bytes"),
        **_numbers(data, "timeout_s"),
    )


def build_daraja(data: Data) -> DarajaAccount:
    """The `daraja` section; absent: the public sandbox short code and passkey, any key pair."""
    usual = {"short_code": SANDBOX_SHORT_CODE, "passkey": SANDBOX_PASSKEY}
    given = _given(data, "short_code", "passkey", "consumer_key", "consumer_secret", "till")
    return DarajaAccount(**(usual | given), organisations=tuple(data.get("organisations", ())))


def build_callbacks(data: Data) -> Callbacks:
    """The `callbacks` section: how Daraja's calls reach the merchant from here."""
    return Callbacks(
        rewrite=MappingProxyType(data.get("rewrite", {})),
        deliver_to=data["deliver_to"].rstrip("/") if "deliver_to" in data else None,
        allow_hosts=tuple(data.get("allow_hosts", ())),
        source_header=data.get("source_header"),
    )


def build_thresholds(data: Data) -> Thresholds:
    """The `thresholds` section."""
    return Thresholds(
        **_numbers(data, "payment_p95_s", "success_rate", "failure_rate"), **_given(data, "concurrent_users")
    )


def _start(data: Data) -> Start:
    return Start(
        command=data["command"],
        env=MappingProxyType(data.get("env", {})),
        files=MappingProxyType(data.get("files", {})),
        intercept=Intercept(data.get("intercept", "off")),
        other_hosts=Others(data.get("other_hosts", "refuse")),
        **_given(data, "ready", "cwd"),
        **_numbers(data, "ready_within_s"),
    )


def _pay(merchant: Data) -> Pay:
    if "pay" not in merchant:
        return Pay(call=Call(method="ADAPTER", path="")) if "adapter" in merchant else NO_PAY
    data = merchant["pay"]
    return Pay(
        call=_call(data),
        payment_id=data.get("payment_id"),
        message=data.get("message"),
        idempotency_header=data.get("idempotency_header"),
    )


def _payout(data: Data) -> Payout:
    return Payout(
        call=_call(data),
        status=_status(data["status"]) if "status" in data else None,
        alerts=_listing(data.get("alerts")),
        resume=_call(data["resume"]) if "resume" in data else None,
        balance=_balance(data["balance"]) if "balance" in data else None,
        wallet=Wallet(way=_status(data["wallet"]), available=data["wallet"]["available"]) if "wallet" in data else None,
        **_given(data, "payout_id", "message"),
    )


def _balance(data: Data) -> Balance:
    refresh = data.get("refresh")
    return Balance(call=_call(data), utility=data["utility"], refresh=None if refresh is None else _call(refresh))


def _refund(data: Data) -> Refund:
    return Refund(
        call=_call(data),
        status=_status(data["status"]) if "status" in data else None,
        **_given(data, "refund_id", "message"),
    )


def _status(data: Data) -> Status:
    words = {word: state for state in PaymentState for word in data.get("states", {}).get(state.value, ())}
    return Status(
        call=_call(data) if "request" in data else None,
        sql_url=data.get("url"),
        states=MappingProxyType(words),
        refresh=_call(data["refresh"]) if "refresh" in data else None,
        **_given(data, "sql", "file", "command", "state", "message", "receipt", "credited"),
        **_numbers(data, "probe_timeout_s"),
    )


def _c2b(data: Data) -> C2b:
    opened, account = data.get("open_account"), data.get("account")
    return C2b(
        register=_call(data["register"]) if "register" in data else None,
        open_account=None if opened is None else OpenAccount(call=_call(opened), account=opened["account"]),
        accounts=tuple(str(number) for number in data.get("accounts", ())),
        account=None
        if account is None
        else AccountReading(way=_status(account), **_given(account, "credits", "total")),
        unallocated=_listing(data.get("unallocated")),
        statement=_listing(data.get("statement")),
        recover=_call(data["recover"]) if "recover" in data else None,
        **_given(data, "short_code", "validation"),
    )


def _listing(data: Data | None) -> Listing | None:
    return None if data is None else Listing(call=_call(data), texts=data["texts"])


def _call(data: Data) -> Call:
    method, _, path = data["request"].strip().partition(" ")
    return Call(
        method=method.upper(),
        path=path.strip(),
        json=data.get("json"),
        form=MappingProxyType(data["form"]) if "form" in data else None,
        headers=MappingProxyType(data.get("headers", {})),
        save=MappingProxyType(data.get("save", {})),
    )


def _given(data: Data, *names: str) -> dict[str, Any]:
    """What the file says; the records have the defaults."""
    return {name: data[name] for name in names if name in data}


def _numbers(data: Data, *names: str) -> dict[str, Any]:
    return {name: float(data[name]) for name in names if name in data}


TargetError = FileError
"""A file that cannot be used; `problems` has one entry for each thing to fix."""


def load_target(path: Path | str, environ: Mapping[str, str] = os.environ) -> Target:
    """Read a target file; `env:NAME` values come from `environ`.

    Raises:
        TargetError: with one `Problem` for each thing that is wrong, in the order of the lines.
    """
    file = Path(path)
    text, document, twice = read_file(file, missing="a target file with the key `merchant`; `tayari init` writes one")
    checked = check(document, json.loads(target_schema()), formats=FORMATS, environ=environ)
    check_whole(checked)
    if twice or checked.problems:
        raise TargetError(sorted({*twice, *checked.problems}))
    data: Mapping[str, Any] = checked.value
    daraja = build_daraja(data.get("daraja", {}))
    passwords = (initiator["password"] for row in daraja.organisations for initiator in row.get("initiators", ()))
    return Target(
        path=file.resolve(),
        merchant=build_merchant(data["merchant"]),
        daraja=daraja,
        callbacks=build_callbacks(data.get("callbacks", {})),
        thresholds=build_thresholds(data.get("thresholds", {})),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        secrets=frozenset((*checked.secrets, *passwords)),
    )
