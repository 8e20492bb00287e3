"""The schema of a target file: DESIGN section 5, key by key. `docs/target-file.md` is its description."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tayari_control.process import Callbacks, DarajaAccount

from tayari_target.target_file import placeholders
from tayari_target.target_file.lines import Found
from tayari_target.target_file.model import (
    Audit,
    Call,
    Ledger,
    Merchant,
    OpenAccount,
    Pay,
    Promises,
    Start,
    Thresholds,
)
from tayari_target.target_file.parse_calls import extractor, parse_call, parse_login, parse_status
from tayari_target.target_file.section import Section

SANDBOX_SHORT_CODE: Final = "174379"
SANDBOX_PASSKEY: Final = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
"""Public sandbox constants. Source: reference 1.8."""

CAPABILITIES: Final = ("stk_push", "stk_query", "c2b", "top_up")
_PORT: Final = frozenset({"port"})


def parse_merchant(section: Section, folder: Path) -> Merchant | None:
    """The `merchant` section; None when what is required is missing (the problems say so)."""
    section.need("name", "a short name for reports")
    section.need("base_url", "the merchant's address, such as http://127.0.0.1:8000")
    name = section.text("name")
    base_url = section.url("base_url", allowed=_PORT)
    start = _start(section.section("start"), folder)
    _check_port(section, base_url, start)
    adapter = _adapter(section)
    login, saved = parse_login(section)
    merchant_headers = section.texts("headers", allowed=placeholders.RUN | saved)
    pay = _pay(section, adapter, saved)
    ledger, audit = _ledger(section.section("ledger"), saved), _audit(section.section("audit"), saved)
    opened = _open_account(section.section("c2b"))
    status = parse_status(section.section("status"), saved)
    rest = (_capabilities(section), section.number("timeout_s", 30.0, low=0.1, high=600), _promises(section))
    max_answer_bytes = section.whole("max_answer_bytes", 2_000_000, low=1_000, high=1_000_000_000)
    section.close()
    if name is None or base_url is None or pay is None:
        return None
    return Merchant(
        name=name,
        base_url=base_url,
        pay=pay,
        start=start,
        status=status,
        ledger=ledger,
        audit=audit,
        open_account=opened,
        login=login,
        adapter=adapter,
        headers=MappingProxyType(merchant_headers),
        capabilities=rest[0],
        capabilities_named=section.has("capabilities"),
        timeout_s=rest[1],
        max_answer_bytes=max_answer_bytes,
        promises=rest[2],
    )


def _check_port(section: Section, base_url: str | None, start: Start | None) -> None:
    """A free port is found for `{port}` of `base_url`: there it is needed as soon as it stands elsewhere."""
    if base_url is None:
        return
    if "{port}" in base_url and start is None:
        section.complain("base_url", "{port} without `start`", "a port", "add `start:`, or write the port")
    if start is not None and "{port}" not in base_url:
        used = [name for name, text in (("command", start.command), *start.env.items()) if "{port}" in text]
        if used:
            do = "write {port} there too, or the port itself in `start`"
            where = ", ".join("start.command" if name == "command" else f"start.env.{name}" for name in used)
            section.complain("base_url", f"{base_url!r}, and {{port}} in {where}", "{port} in base_url as well", do)


def parse_daraja(section: Section | None) -> DarajaAccount:
    """The `daraja` section; absent: the public sandbox short code and passkey, any key pair."""
    if section is None:
        return DarajaAccount(short_code=SANDBOX_SHORT_CODE, passkey=SANDBOX_PASSKEY)
    short_code, till = (_digits(section, key) for key in ("short_code", "till"))
    passkey, key, secret = (section.text(name) for name in ("passkey", "consumer_key", "consumer_secret"))
    if section.has("consumer_key") != section.has("consumer_secret"):
        missing = "consumer_secret" if section.has("consumer_key") else "consumer_key"
        section.complain(
            missing, "missing", "both of consumer_key and consumer_secret, or neither", f"add `{missing}:`"
        )
    section.close()
    return DarajaAccount(
        short_code=short_code or SANDBOX_SHORT_CODE,
        passkey=passkey or SANDBOX_PASSKEY,
        consumer_key=key,
        consumer_secret=secret,
        till=till,
    )


def parse_callbacks(section: Section | None) -> Callbacks:
    """The `callbacks` section: how Daraja's calls reach the merchant from here."""
    if section is None:
        return Callbacks()
    rewrite = section.texts("rewrite", allowed=_PORT)
    found = section.found("rewrite")
    for prefix, instead in rewrite.items():
        line = found.entries[prefix].line if found is not None and found.entries else section.line
        section.check_url(instead, line, section.at(f"rewrite.{prefix}"))
        if not prefix.startswith(("http://", "https://")):
            where = section.at("rewrite")
            do = "write the start of the callback URL as your merchant sends it"
            section.reading.complain(line, where, repr(prefix), "http://... or https://...", do)
    deliver_to = section.url("deliver_to", allowed=_PORT)
    if rewrite and deliver_to is not None:
        section.complain(
            "deliver_to", "beside rewrite", "one of the two", "deliver_to takes every callback; remove one"
        )
    hosts = (section.scalar(host, section.at("allow_hosts")) for host in section.members("allow_hosts"))
    allowed = tuple(host for host in hosts if host)
    source_header = section.text("source_header")
    section.close()
    return Callbacks(
        rewrite=MappingProxyType(rewrite),
        deliver_to=deliver_to,
        allow_hosts=allowed,
        source_header=source_header,
    )


def parse_thresholds(section: Section | None) -> Thresholds:
    """The `thresholds` section."""
    if section is None:
        return Thresholds()
    thresholds = Thresholds(
        payment_p95_s=section.number("payment_p95_s", 10.0, low=0.001),
        success_rate=section.number("success_rate", 0.95, high=1.0),
        failure_rate=section.number("failure_rate", 0.05, high=1.0),
        concurrent_users=section.whole("concurrent_users", 50, low=1, high=100_000),
    )
    section.close()
    return thresholds


def _start(section: Section | None, folder: Path) -> Start | None:
    if section is None:
        return None
    section.need("command", "the command that starts the merchant")
    command = section.text("command", allowed=placeholders.RUN)
    ready = section.text("ready") or "/"
    if not ready.startswith("/"):
        section.complain("ready", repr(ready), "a path that begins with /", f"write `ready: /{ready}`")
    env = section.texts("env", allowed=placeholders.RUN)
    cwd = section.text("cwd", allowed=placeholders.RUN)
    within = section.number("ready_within_s", 30.0, low=0.1, high=600)
    section.close()
    if command is None:
        return None
    where = folder / cwd if cwd is not None else None
    return Start(command=command, ready=ready, env=MappingProxyType(env), cwd=where, ready_within_s=within)


def _pay(section: Section, adapter: str | None, saved: frozenset[str]) -> Pay | None:
    pay = section.section("pay")
    if pay is None:
        if adapter is None:
            section.need("pay", 'how a payment is started: `pay: {request: "POST /api/pay", json: {...}}`')
            return None
        return Pay(call=Call(method="ADAPTER", path=""))
    call = parse_call(pay, placeholders.RUN | placeholders.PAYMENT | saved)
    payment_id, message = extractor(pay, "payment_id"), extractor(pay, "message")
    header = pay.text("idempotency_header")
    pay.close()
    return None if call is None else Pay(call=call, payment_id=payment_id, message=message, idempotency_header=header)


def _ledger(section: Section | None, saved: frozenset[str]) -> Ledger | None:
    if section is None:
        return None
    section.need("credits", "where the credits of a payment are: `credits: $.credits`")
    call = parse_call(section, placeholders.RUN | placeholders.READING | saved)
    credits, total = extractor(section, "credits"), extractor(section, "total")
    section.close()
    return None if call is None or credits is None else Ledger(call=call, credits=credits, total=total)


def _audit(section: Section | None, saved: frozenset[str]) -> Audit | None:
    if section is None:
        return None
    section.need("messages", "where the stored messages are: `messages: $.messages`")
    call = parse_call(section, placeholders.RUN | placeholders.READING | saved)
    messages = extractor(section, "messages")
    section.close()
    return None if call is None or messages is None else Audit(call=call, messages=messages)


def _open_account(section: Section | None) -> OpenAccount | None:
    if section is None:
        return None
    opened = section.section("open_account")
    section.close()
    if opened is None:
        return None
    opened.need("account", "where the account number is: `account: $.account`")
    call = parse_call(opened, placeholders.RUN | placeholders.PAYMENT)
    account = extractor(opened, "account")
    opened.close()
    return None if call is None or account is None else OpenAccount(call=call, account=account)


def _promises(section: Section) -> Promises:
    promises = section.section("promises")
    if promises is None:
        return Promises()
    queries = promises.number("queries_per_minute", 0.0, low=0.001) if promises.has("queries_per_minute") else None
    at_once = promises.whole("payments_at_once", 8, low=1, high=1_000) if promises.has("payments_at_once") else None
    made = Promises(
        reconcile_within_s=promises.number("reconcile_within_s", 60.0, low=0.1),
        queries_per_minute=queries,
        answer_within_s=promises.number("answer_within_s", 10.0, low=0.1),
        payments_at_once=at_once,
    )
    promises.close()
    return made


def _capabilities(section: Section) -> frozenset[str]:
    if not section.has("capabilities"):
        return frozenset({"stk_push", "stk_query"})
    named: set[str] = set()
    for found in section.members("capabilities"):
        _add_capability(section, found, named)
    return frozenset(named)


def _add_capability(section: Section, found: Found, named: set[str]) -> None:
    word = section.scalar(found, section.at("capabilities"))
    if word in CAPABILITIES:
        named.add(word)
    elif word is not None:
        expected = "some of " + ", ".join(CAPABILITIES)
        section.reading.complain(found.line, section.at("capabilities"), repr(word), expected, "remove or correct it")


def _adapter(section: Section) -> str | None:
    adapter = section.text("adapter")
    if adapter is not None and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", adapter):
        section.complain("adapter", repr(adapter), "`module:Class`", "write e.g. `adapter: shop_adapter:ShopAdapter`")
    return adapter


def _digits(section: Section, key: str) -> str | None:
    text = section.text(key)
    if text is not None and not re.fullmatch(r"\d{5,7}", text):
        section.complain(key, repr(text), "5 to 7 digits", "copy the number from the Daraja portal")
    return text
