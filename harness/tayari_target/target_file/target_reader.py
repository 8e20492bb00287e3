"""`load_target`: one `tayari.yaml`, checked to the last key and made into records, or every problem in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from tayari_control.simulator_process import CallbackRoute, DarajaAccount
from tayari_formats.problems import FileError
from tayari_formats.schema import check
from tayari_formats.yaml_document import read_file
from tayari_money.payment_record import PaymentState

from tayari_target.resources import target_schema
from tayari_target.target_file.checks import FORMATS, check_whole
from tayari_target.target_file.target_model import NO_PAY, CallTemplate, Merchant, Pay, StatusSource, Target, Thresholds

Data = Mapping[str, Any]
T = TypeVar("T")

SANDBOX_SHORT_CODE: Final = "174379"
SANDBOX_PASSKEY: Final = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
"""Public sandbox constants. Source: reference 1.8."""

USUAL: Final = frozenset({"stk_push", "stk_query"})
"""The capabilities of a merchant that takes payments, where its file names none."""


def build(kind: type[T], section: Data, **more: Any) -> T:
    """The record of a section that the schema has passed: a field has the value of the key of its name, or `more`.

    The keys of `call` (a request) and of `way` (a status) are in the section itself, beside those of the record.
    """
    for name, hint in get_type_hints(kind).items():
        if name == "way" or (name == "call" and "request" in section):
            more[name] = _value(hint, section)
        elif name in section and name not in more:
            more[name] = _value(hint, section[name])
    return kind(**more)


def _value(hint: Any, given: Any) -> Any:
    """What a field with this annotation holds."""
    if get_origin(hint) is UnionType:
        hint = next(arm for arm in get_args(hint) if arm is not NoneType)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], each) for each in given)
    if get_origin(hint) is Mapping:
        return MappingProxyType(given)
    if hint in _BUILDERS:
        return _BUILDERS[hint](given)
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, given)
    return given if hint is object else hint(given)


def build_merchant(section: Data) -> Merchant:
    """The `merchant` section."""
    capabilities = section.get("capabilities")
    without_pay = Pay(call=CallTemplate(method="ADAPTER", path="")) if "adapter" in section else NO_PAY
    takes_payments = bool({"pay", "adapter"} & set(section))
    usual = (USUAL if takes_payments else frozenset()) | ({"payout", "c2b", "refund"} & set(section))
    return build(
        Merchant,
        section,
        base_url=section["base_url"].rstrip("/"),
        capabilities=usual if capabilities is None else frozenset(capabilities),
        capabilities_named=capabilities is not None,
        **({} if "pay" in section else {"pay": without_pay}),
    )


def build_daraja(section: Data) -> DarajaAccount:
    """The `daraja` section; absent: the public sandbox short code and passkey, any key pair."""
    usual = {"short_code": SANDBOX_SHORT_CODE, "passkey": SANDBOX_PASSKEY}
    return build(DarajaAccount, {**usual, **section}, organisations=tuple(section.get("organisations", ())))


def build_callbacks(section: Data) -> CallbackRoute:
    """The `callbacks` section: how Daraja's calls reach the merchant from here."""
    deliver_to = section["deliver_to"].rstrip("/") if "deliver_to" in section else None
    return build(CallbackRoute, section, deliver_to=deliver_to)


def _call(section: Data) -> CallTemplate:
    method, _, path = section["request"].strip().partition(" ")
    return build(CallTemplate, section, method=method.upper(), path=path.strip())


def _status(section: Data) -> StatusSource:
    words = {word: state for state in PaymentState for word in section.get("states", {}).get(state.value, ())}
    return build(StatusSource, section, sql_url=section.get("url"), states=MappingProxyType(words))


_BUILDERS: Final[Mapping[Any, Any]] = {CallTemplate: _call, StatusSource: _status}
"""Records whose fields are not all keys of the file."""


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
        thresholds=build(Thresholds, data.get("thresholds", {})),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        secrets=frozenset((*checked.secrets, *passwords)),
    )
