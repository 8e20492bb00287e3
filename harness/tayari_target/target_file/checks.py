"""What the schema of a target file cannot say: the forms of texts, and what must fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from tayari_control.http_session import is_real_daraja
from tayari_formats.problems import Path, did_you_mean
from tayari_formats.schema import BadText, Checked
from tayari_money.payment_record import PaymentState

from tayari_target.target_file import placeholders
from tayari_target.target_file.extractor import FORMS, ExtractorError, compile_extractor

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WAYS: Final = ("request", "sql", "file", "command")
_CALL: Final = frozenset({"request", "json", "form", "headers"})
_PORT: Final = frozenset({"port"})
_OF_THE_RUN: Final = frozenset({"merchant.log", "environment.json", "hosts", "initiator-certificate.pem"})
"""Names that the run's folder has already."""


_KNOWN_IN: Final[Mapping[Path, frozenset[str]]] = {
    ("pay",): placeholders.PAYMENT,
    ("pay_again",): placeholders.PAYMENT | placeholders.READING,
    ("status",): placeholders.READING,
    ("status", "refresh"): placeholders.READING,
    ("ledger",): placeholders.READING,
    ("audit",): placeholders.READING,
    ("payout",): placeholders.PAYOUT,
    ("payout", "status"): placeholders.READING_PAYOUT,
    ("payout", "approve"): placeholders.READING_PAYOUT,
    ("payout", "wallet"): placeholders.READING_WALLET,
    **dict.fromkeys((("payout", each) for each in ("alerts", "resume", "balance")), frozenset()),
    ("payout", "balance", "refresh"): frozenset(),
    ("refund",): placeholders.REFUND,
    ("refund", "status"): placeholders.READING_REFUND,
    ("c2b", "open_account"): placeholders.OPENING,
    ("c2b", "account"): placeholders.READING_ACCOUNT,
    ("c2b", "statement"): placeholders.READING_ACCOUNT,
    **dict.fromkeys((("c2b", each) for each in ("register", "unallocated", "recover")), frozenset()),
}
"""Sections of `merchant` that have a request, or another way to read, and what is known there beside the run."""


def check_url(text: str) -> None:
    """An address that may be called from here."""
    shape = text.replace("{port}", "1")
    try:
        parts = urlsplit(shape)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise BadText(repr(text), "http://HOST[:PORT] or https://HOST", "write the full address")
    if is_real_daraja(host):
        do = "Tayari never calls Safaricom; give the address of your own test system"
        raise BadText(repr(text), "your merchant's address", do)


def check_request(text: str) -> None:
    """`METHOD /path`, or a whole address instead of the path."""
    method, _, path = text.strip().partition(" ")
    path = path.strip()
    if method.upper() not in _METHODS:
        raise BadText(repr(text), '`"METHOD /path"`', "begin with one of " + ", ".join(_METHODS))
    if not path.startswith(("/", "http://", "https://")) or re.search(r"\s", path):
        raise BadText(repr(text), '`"METHOD /path"`', "let the path begin with / and hold no blanks")
    if not path.startswith("/"):
        check_url(path)


def check_extractor(text: str) -> None:
    """One of the forms in which a value is found in an answer."""
    try:
        compile_extractor(text)
    except ExtractorError as error:
        raise BadText(f"{text!r} {error}", FORMS, "correct it") from error


FORMATS: Final = {
    "tayari-url": check_url,
    "tayari-request": check_request,
    "tayari-extractor": check_extractor,
}


def check_whole(checked: Checked) -> None:
    """Everything that needs more than one key, and every placeholder."""
    data = checked.value
    if not isinstance(data, Mapping):
        return
    for path, text in _texts(data, ()):
        if path[:2] != ("daraja", "organisations"):  # a password may hold braces
            _check_placeholders(checked, path, text)
    for path, section in _sections(data, ()):
        if "json" in section and "form" in section:
            checked.complain((*path, "form"), "both json and form; expected one of them; remove the other")
    merchant, callbacks = _section(data, "merchant"), _section(data, "callbacks")
    if merchant and not {"pay", "adapter", "payout", "c2b"} & set(merchant):
        expected = 'how a payment is started: `pay: {request: "POST /api/pay", json: {...}}`'
        checked.missing(("merchant",), "pay", expected)
    _check_port(checked, merchant)
    _check_files(checked, _section(_section(merchant, "start"), "files"))
    _check_capabilities(checked, merchant)
    _check_organisations(checked, _section(data, "daraja").get("organisations"))
    for path, owner in (
        (("merchant", "status"), merchant),
        (("merchant", "payout", "status"), _section(merchant, "payout")),
        (("merchant", "refund", "status"), _section(merchant, "refund")),
    ):
        if "status" in owner:
            _check_status(checked, path, _section(owner, "status"))
    _check_payee(checked, _section(merchant, "payout"))
    _check_readings(checked, merchant)
    if "refund" in merchant and not {"pay", "adapter"} & set(merchant):
        message = "refund without merchant.pay; expected merchant.pay; add `pay:`, for payments are what is refunded"
        checked.complain(("merchant", "refund"), message)
    if callbacks.get("rewrite") and "deliver_to" in callbacks:
        message = "beside rewrite; expected one of the two; deliver_to takes every callback; remove one"
        checked.complain(("callbacks", "deliver_to"), message)


def _check_port(checked: Checked, merchant: Mapping[str, Any]) -> None:
    """A free port is found for `{port}` of `base_url`: there it is needed as soon as it is used elsewhere."""
    base_url, start = str(merchant.get("base_url", "")), _section(merchant, "start")
    path = ("merchant", "base_url")
    if "{port}" in base_url and not start:
        checked.complain(path, "{port} without `start`; expected a port; add `start:`, or write the port")
    if base_url and "{port}" not in base_url:
        texts = [("start.command", start.get("command", ""))]
        for key in ("env", "files"):
            texts += [(f"start.{key}.{name}", text) for name, text in _section(start, key).items()]
        used = ", ".join(name for name, text in texts if "{port}" in str(text))
        if used:
            do = "write {port} there too, or the port itself in `start`"
            checked.complain(path, f"{base_url!r}, and {{port}} in {used}; expected {{port}} in base_url as well; {do}")


def _check_payee(checked: Checked, payout: Mapping[str, Any]) -> None:
    """A payout goes to a person or to an organisation."""
    named = {name for key in _CALL for _, text in _texts(payout.get(key), ()) for name in placeholders.names(text)}
    if "party_b" in named and named & {"msisdn", "msisdn_local"}:
        found = "{party_b} beside {msisdn}; expected one of them"
        checked.complain(("merchant", "payout"), f"{found}; {{party_b}} is an organisation (B2B); remove the other")


def _check_files(checked: Checked, files: Mapping[str, Any]) -> None:
    """Files are written below the run's folder and nowhere else."""
    for name in files:
        parts = str(name).split("/")
        taken = name in _OF_THE_RUN
        if taken or not all(parts) or {".", ".."} & set(parts) or "\\" in str(name) or str(name).startswith("~"):
            found = f"{name!r} is a file of Tayari's own" if taken else f"{name!r} names no file in the run's folder"
            do = "write e.g. `.env`, and let merchant.start find it at {work_dir}/.env"
            checked.complain(("merchant", "start", "files", name), f"{found}; expected a name below it; {do}")


def _check_capabilities(checked: Checked, merchant: Mapping[str, Any]) -> None:
    """The capabilities that are named are those that the file lets us judge."""
    named, path = merchant.get("capabilities"), ("merchant", "capabilities")
    if not isinstance(named, list):
        return
    for name in ("payout", "c2b", "refund"):
        if name in merchant and name not in named:
            do = "add it, or remove the section"
            checked.complain(path, f"no {name} beside merchant.{name}; expected {name}; {do}")
    if not {"pay", "adapter"} & set(merchant) and {"stk_push", "stk_query"} & set(named):
        found = "stk_push or stk_query without merchant.pay; expected merchant.pay"
        checked.complain(path, f"{found}; add `pay:`, or remove the capability")
    if "no_callbacks" in named and "stk_query" not in named:
        found = "no_callbacks without stk_query; expected one way to hear results"
        checked.complain(path, f"{found}; add stk_query, or remove no_callbacks")
    if "no_pages" in named and "request" in _section(merchant, "status"):
        found = "no_pages beside merchant.status.request, which reads a page; expected one of them"
        checked.complain(path, f"{found}; remove no_pages, or read the state from a database (status.sql)")


def _check_organisations(checked: Checked, organisations: Any) -> None:
    """Each short code once."""
    seen: set[str] = set()
    for place, row in enumerate(organisations if isinstance(organisations, list) else ()):
        code = str(row.get("short_code", "")) if isinstance(row, Mapping) else ""
        if code and code in seen:
            path = ("daraja", "organisations", place, "short_code")
            checked.complain(path, f"{code} is given twice; expected each short code once; remove one")
        seen.add(code)


def _check_readings(checked: Checked, merchant: Mapping[str, Any]) -> None:
    """Where sums are read: each in one way, and those of a payment or an account for that one alone."""
    for path, owner, one in (
        (("merchant", "c2b", "account"), _section(merchant, "c2b"), "account"),
        (("merchant", "ledger"), merchant, "payment"),
        (("merchant", "payout", "wallet"), _section(merchant, "payout"), ""),
    ):
        if path[-1] in owner:
            _check_way(checked, path, _section(owner, path[-1]))
            if one:
                _check_names_one(checked, path, _section(owner, path[-1]), one)


def _check_way(checked: Checked, path: Path, status: Mapping[str, Any]) -> None:
    ways = [way for way in _WAYS if way in status]
    if len(ways) != 1:
        found = " and ".join(ways) or "none of them"
        where = (*path, ways[1] if ways else "request")
        checked.complain(where, f"{found}; expected one of {', '.join(_WAYS)}; keep exactly one")


def _check_names_one(checked: Checked, path: Path, section: Mapping[str, Any], what: str) -> None:
    """Sums of the whole shop, read as those of one payment, would look like credits that nobody paid for."""
    ways = [way for way in _WAYS if way in section]
    asked = [text for key in (*_WAYS, *_CALL) for _, text in _texts(section.get(key), ())]
    known = placeholders.READING | placeholders.READING_ACCOUNT
    if len(ways) != 1 or any(known & set(placeholders.names(text)) for text in asked):
        return
    names = "{account} or {reference}" if "c2b" in path else "{payment_id} or {reference}"
    do = "name it there, or leave this section out where the merchant has only a sum of everything"
    checked.complain((*path, ways[0]), f"it names no {what}; expected {names}; {do}")


def _check_status(checked: Checked, path: Path, status: Mapping[str, Any]) -> None:
    _check_way(checked, path, status)
    words: dict[str, str] = {}
    for state in PaymentState:
        found_words = _section(status, "states").get(state.value)
        for place, word in enumerate(found_words if isinstance(found_words, list) else ()):
            if isinstance(word, str) and words.setdefault(word, state.value) != state.value:
                message = f"{word!r} is also {words[word]}; expected each word under one state; remove one"
                checked.complain((*path, "states", state.value, place), message)


def _check_placeholders(checked: Checked, path: Path, text: str) -> None:
    """Complain about every placeholder that has no value at this place."""
    allowed = _known_at(path, checked.value)
    for name in placeholders.names(text):
        if name in allowed:
            continue
        meant, is_known = placeholders.MEANT.get(name.lower(), ""), name in placeholders.ALL
        found = f"{{{name}}} is not known at this point" if is_known else f"{{{name}}} is not a placeholder"
        if meant in allowed:
            do = f"did you mean {{{meant}}}?"
        elif is_known:
            do = "use one of those, or move it to another request"
        else:
            do = did_you_mean(name, sorted(allowed)) or "remove it"
        known = "one of " + " ".join(f"{{{each}}}" for each in sorted(allowed)) if allowed else "no placeholder here"
        checked.complain(path, f"{found}; expected {known}; {do}")


def _known_at(path: Path, data: Mapping[str, Any]) -> frozenset[str]:
    """The placeholders that have a value where this key is used."""
    match path:
        case ("merchant", "base_url") | ("callbacks", "rewrite" | "deliver_to", *_):
            return _PORT
        case ("merchant", "start", "command" | "env" | "files" | "cwd", *_):
            return placeholders.RUN
        case ("merchant", "headers", _):
            return placeholders.RUN | _saved(data)
        case ("merchant", "login", int(step), key, *_) if key in _CALL:
            return placeholders.RUN | _saved(data, before=step)
    below = path[1:] if path[:1] == ("merchant",) else ()
    section = max((each for each in _KNOWN_IN if below[: len(each)] == each), key=len, default=())
    key = below[len(section)] if section and len(below) > len(section) else ""
    if key in _CALL:
        return placeholders.RUN | _KNOWN_IN[section] | _saved(data)
    if key in _WAYS:
        return placeholders.RUN | _KNOWN_IN[section]
    return placeholders.RUN if key == "url" else frozenset()


def _saved(data: Mapping[str, Any], before: int | None = None) -> frozenset[str]:
    """The names that log-in steps save for later."""
    steps = _section(data, "merchant").get("login")
    names: set[str] = set()
    for step in (steps if isinstance(steps, list) else [])[:before]:
        names |= set(_section(step, "save"))
    return frozenset(names)


def _section(data: Any, key: str) -> Mapping[str, Any]:
    """A mapping below; empty where there is none, or another thing in its place."""
    found = data.get(key) if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    for key, each in _members(value):
        yield from _texts(each, (*path, key))


def _sections(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every mapping that may be a request: those below a request's body are data."""
    if isinstance(value, Mapping):
        yield path, value
    for key, each in _members(value):
        if key not in _CALL:
            yield from _sections(each, (*path, key))


def _members(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
