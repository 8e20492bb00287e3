"""The environment configuration, measured from the run's own traffic where that is possible. No value is a secret:
of credentials only the names of their variables are shown, of callback URLs only scheme and host.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from tayari_control.client import ControlClient
from tayari_formats.json_text import read_object
from tayari_reports.model import Load, Threshold
from tayari_reports.model.facts import ConfigurationRow, How
from tayari_simulator.apis.core.fields import WORDS
from tayari_target.target_file.placeholders import names
from tayari_target.target_file.target_model import Target, Thresholds
from tayari_target.target_file.target_reader import SANDBOX_SHORT_CODE
from tayari_target.test_environment import TestEnvironment

_HANDSHAKE_S: Final = 5.0
_DAY_S: Final = 86_400
_MODERN: Final = frozenset({"TLSv1.2", "TLSv1.3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a TLS handshake showed."""

    problem: str
    """Why it is not trusted; empty when it is."""
    days_left: int
    tls_version: str


def certificate_of(host: str, port: int) -> Certificate:
    """Shake hands with a server, trusting it or not.

    Raises:
        OSError: nothing answers there, or it speaks no TLS.
    """
    from cryptography import x509  # noqa: PLC0415 - loaded for a merchant that is reached over TLS, and for no other

    version, der = _shake(host, port, trusting=True)
    parsed = x509.load_der_x509_certificate(der)
    problem = ""
    try:
        _shake(host, port, trusting=False)
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message
    left = int((parsed.not_valid_after_utc.timestamp() - time.time()) // _DAY_S)
    return Certificate(problem=problem, days_left=left, tls_version=version)


def _shake(host: str, port: int, *, trusting: bool) -> tuple[str, bytes]:
    context = ssl.create_default_context()
    if trusting:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=_HANDSHAKE_S) as raw,
        context.wrap_socket(raw, server_hostname=host) as secure,
    ):
        return secure.version() or "", secure.getpeercert(binary_form=True) or b""


_CREDENTIALS: Final = frozenset({"consumer_key", "consumer_secret", "passkey"})
_ENV: Final = re.compile(r"\benv:([A-Za-z_][A-Za-z0-9_]*)")
_SOON_DAYS: Final = 30
_WORD: Final = re.compile("|".join(re.escape(word) for word in WORDS), re.IGNORECASE)


def measure(environment: TestEnvironment) -> tuple[ConfigurationRow, ...]:
    """What this run can say of the environment.

    Raises:
        ControlError: the simulator does not answer.
    """
    url = callback_url(environment.control.journal_entries(kind="request"))
    return (
        *_credentials(environment.target),
        *_switch(environment.target, called=url is not None),
        _short_code(environment.target),
        _base_url(environment.base_url),
        *(_callback(url, environment.target) if url is not None else ()),
    )


def watched(limits: Thresholds, load: Load | None, callback_errors: tuple[int, int] | None) -> tuple[Threshold, ...]:
    """What production should watch, with what this run measured. `callback_errors`: how many, of how many."""
    found = {row.name: row for row in load.thresholds} if load is not None else {}
    wanted = (
        ("payment_p95_s", limits.payment_p95_s, "s"),
        ("success_rate", limits.success_rate, "of payments"),
        ("failure_rate", limits.failure_rate, "of payments"),
    )
    rows = [
        found.get(name) or Threshold(name=name, limit=limit, measured=None, unit=unit, samples=0, met=None)
        for name, limit, unit in wanted
    ]
    bad, of = callback_errors or (0, 0)
    share = bad / of if of else None
    met = None if share is None else bad == 0
    rows.append(Threshold(name="callback_errors", limit=0.0, measured=share, unit="of callbacks", samples=of, met=met))
    return tuple(rows)


def callback_errors(control: ControlClient, since: int) -> tuple[int, int]:
    """Of the callbacks that Daraja sent since then: how many were not answered 200, and how many there were."""
    statuses = [
        (entry.get("response") or {}).get("status") for entry in control.journal_entries(since=since, kind="callback")
    ]
    return sum(status != 200 for status in statuses), len(statuses)


def callback_url(requests: Iterable[Mapping[str, Any]]) -> str | None:
    """The CallBackURL of the first push that carries one; None when there is none."""
    for entry in requests:
        if entry.get("endpoint") != "stk_push":
            continue
        url = read_object((entry.get("request") or {}).get("body")).get("CallBackURL")
        if isinstance(url, str) and urlsplit(url).hostname:
            return url
    return None


def _settings(target: Target) -> Mapping[str, str]:
    """What the merchant gets by name when Tayari starts it."""
    return target.merchant.start.settings if target.merchant.start is not None else {}


def _credentials(target: Target) -> Iterator[ConfigurationRow]:
    given = {name for name, text in _settings(target).items() if _CREDENTIALS & set(names(text))}
    read = set(_ENV.findall(target.path.read_text(encoding="utf-8")))
    if given or read:
        yield ConfigurationRow(
            item="environment.credentials",
            name="",
            value=", ".join(sorted(given | read)),
            how=How.DECLARED,
            note="Variables that carried this run's credentials, by name; production's own are not visible from here.",
        )


def _switch(target: Target, *, called: bool) -> Iterator[ConfigurationRow]:
    if not called:
        return
    through = sorted(name for name, text in _settings(target).items() if "daraja_url" in names(text))
    value = f"by {', '.join(through)}" if through else "it was pointed here"
    note = "The merchant followed it to the simulator."
    yield ConfigurationRow(item="environment.switch", name="", value=value, how=How.MEASURED, ok=True, note=note)


def _short_code(target: Target) -> ConfigurationRow:
    code = target.daraja.short_code
    note = "Daraja's shared sandbox short code; production has its own." if code == SANDBOX_SHORT_CODE else ""
    return ConfigurationRow(item="environment.short_code", name="", value=code, how=How.DECLARED, note=note)


def _base_url(url: str) -> ConfigurationRow:
    local = _not_public(urlsplit(url).hostname or "")
    ok = None if local else url.startswith("https://")
    note = f"This run used {local}; what customers use cannot be seen from here." if local else ""
    how = How.NOT_KNOWN if local else How.MEASURED
    return ConfigurationRow(item="environment.base_url", name="", value=_shown(url), how=how, ok=ok, note=note)


def _callback(url: str, target: Target) -> Iterator[ConfigurationRow]:
    host = urlsplit(url).hostname or ""
    local = _not_public(host)
    shown = _shown(url)
    if local and local.startswith("a loopback"):
        note = f"This run used {local}; production's callback URL cannot be seen from here."
        for item in ("callback.https", "callback.public"):
            yield ConfigurationRow(item=item, name="", value=shown, how=How.NOT_KNOWN, note=note)
    else:
        https = url.lower().startswith("https://")
        yield ConfigurationRow(item="callback.https", name="", value=shown, how=How.MEASURED, ok=https)
        yield ConfigurationRow(item="callback.public", name="", value=shown, how=How.MEASURED, ok=not local, note=local)
    words = sorted({word.lower() for word in _WORD.findall(url)})
    found = f"it holds {', '.join(words)}" if words else "none found"
    yield ConfigurationRow(item="callback.words", name="", value=found, how=How.MEASURED, ok=not words)
    yield from _tls(url, host, target)


def _tls(url: str, host: str, target: Target) -> Iterator[ConfigurationRow]:
    parts = urlsplit(url)
    if parts.scheme.lower() != "https":
        return
    if host not in target.callbacks.allow_hosts and not _not_public(host).startswith("a loopback"):
        note = f"{host} is not called from here; callbacks.allow_hosts would let it be looked at."
        for item in ("callback.certificate", "callback.tls"):
            yield ConfigurationRow(item=item, name="", value="", how=How.NOT_KNOWN, note=note)
        return
    try:
        seen = certificate_of(host, parts.port or 443)
    except OSError as error:
        note = f"{host} did not shake hands: {error}"
        yield ConfigurationRow(item="callback.certificate", name="", value="", how=How.NOT_KNOWN, note=note)
        return
    value = f"{seen.days_left} days left" + (f", not trusted: {seen.problem}" if seen.problem else "")
    soon = "Renew it before the launch." if seen.days_left < _SOON_DAYS else ""
    good = not seen.problem and seen.days_left >= 0
    yield ConfigurationRow(item="callback.certificate", name="", value=value, how=How.MEASURED, ok=good, note=soon)
    version, modern = seen.tls_version, seen.tls_version in _MODERN
    yield ConfigurationRow(item="callback.tls", name="", value=version, how=How.MEASURED, ok=modern)


def _not_public(host: str) -> str:
    """Why a host is not reachable from Safaricom; empty when it may be."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "a loopback name"
        private = "." not in host or host.endswith((".local", ".internal", ".lan", ".test"))
        return "a private name" if private else ""
    if address.is_loopback:
        return "a loopback address"
    return "a private address" if address.is_private else ""


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
