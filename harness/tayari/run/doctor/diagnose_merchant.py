"""What the merchant's own answers, and its taking of a callback, say about the target file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from tayari_contracts.context.message_topics import leak_of
from tayari_control.http_session import HostRefused, MerchantSession, hosts_of
from tayari_control.simulator_process import CallbackRoute
from tayari_formats.exit_codes import Exit
from tayari_formats.json_text import read_value
from tayari_money.payment_record import PaymentState
from tayari_target.answers import MerchantAnswer, is_too_slow, key_paths, looks_like_html, visible_text
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file.extractor import PATTERN_S
from tayari_target.target_file.target_model import Start, StatusSource, Target
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import Started, StatusView

from tayari.run.doctor.doctor_findings import DoctorFinding, bad, good, warning

_REFUSED = (
    "correct merchant.pay, so that it sends what your merchant's own page sends: path, names of the fields, headers"
)
PAYMENT: Final = "payment"
"""The finding on how the merchant started the preflight's payment."""
_NOBODYS: Final = re.compile(r"(^|\.)example\.(com|org|net)$")
"""Hosts of other people's examples: some libraries have one in their code, for results of payouts and reversals."""
_VISIT_S: Final = 3.0
_MOST_LINES: Final = 12
_DESTROYS: Final = (
    r"\bmigrate:(?:fresh|refresh|reset)\b|\bdb:(?:wipe|drop|reset)\b|\bmanage\.py (?:flush|reset_db)\b"
    r"|\bmigrate reset\b|--force-reset\b|(?i:\bdrop (?:database|table|schema)\b)|\bdropdb\b|\brm -\w*r\w*"
    r"|\bcompose down -v\b"
)
"""Commands of Laravel, Rails, Django, Prisma, databases and shells that empty what is stored."""
_ONCE_IN_A_RUN: Final = r"(?:\btest|\[) (?:! ?)?-[defs] [\"']?\{work_dir\}/"
"""A look for a file of this run, without which nothing is emptied."""


def answer_of(started: Started) -> MerchantAnswer:
    """The answer to a start, as extractors read it."""
    return MerchantAnswer(body=started.body, headers=(("content-type", started.content_type),))


def last_lines(log: str) -> str:
    """The end of what the merchant printed, as it follows a message; empty where it printed nothing."""
    tail = log.strip().splitlines()[-_MOST_LINES:]
    return "\nIts last lines:\n" + "\n".join(tail) if tail else ""


def with_log(finding: DoctorFinding, environment: TestEnvironment) -> DoctorFinding:
    """With the merchant's last lines, where the finding asks to read its log: the log goes when the merchant ends."""
    if "the merchant's log" not in finding.fix or environment.merchant_alive() is None:
        return finding
    lines = last_lines(environment.merchant_log_tail()) or "; its log is empty"
    return replace(finding, message=f"{finding.message}{lines}")


def start_failure(error: MerchantStartError) -> DoctorFinding:
    """Why the merchant did not come up."""
    found = error.found  # it may end with the log's last line: a log of that line alone is not printed again
    shown = found if error.tail.strip() in found else found + last_lines(error.tail)
    fixes = {
        "placeholder": "remove that placeholder from merchant.start, or give it a value",
        "died": "run the start command by hand, fix what its last lines say, and try again",
    }
    fix = error.fix or fixes.get(error.kind, "correct merchant.start in the target file")
    if error.kind == "not_ready" and "(status " in found:
        fix = "it answers with an error: fix what its last lines say, or name another page as merchant.start.ready"
    unreachable = error.kind in {"died", "not_ready"}
    code = Exit.MERCHANT_UNREACHABLE if unreachable else Exit.BAD_CONFIGURATION
    name = {"port_taken": "merchant port", "died": "start command", "command": "start command"}.get(
        error.kind, "merchant"
    )
    return bad(name, shown, fix, code)


def destructive_start(start: Start | None) -> Iterator[DoctorFinding]:
    """A start command that empties what the merchant stores: rules kill the merchant and start it again."""
    found = re.search(_DESTROYS, start.command) if start is not None else None
    if start is not None and found is not None and not re.search(_ONCE_IN_A_RUN, start.command):
        message = f"merchant.start.command has `{found[0]}`, which destroys the merchant's state at each start"
        fix = (
            "rules start the merchant again and look for its payments: leave it out, or do it once in a run, as in "
            "`(test -e {work_dir}/database || MAKE_IT) && touch {work_dir}/database`"
        )
        yield warning("start command", message, fix)


def no_answer(started: Started, base_url: str) -> DoctorFinding | None:
    """The merchant did not answer the start of a payment."""
    if started.status is not None or not started.error:
        return None
    fix = f"see that the merchant serves {base_url}, and that merchant.pay.request is right"
    return bad(PAYMENT, f"starting a payment failed: {started.error}", fix, Exit.MERCHANT_UNREACHABLE)


def never_called(started: Started, target: Target, daraja_url: str) -> DoctorFinding:
    """The payment was answered, and no call reached the simulator."""
    shown = _shortened(answer_of(started))
    call = target.merchant.pay.call
    if started.status in {404, 405}:
        message = f"{call.method} {call.path} was answered {started.status}: {shown}"
        return bad(PAYMENT, message, "correct merchant.pay.request: this is not where your merchant starts payments")
    if started.status is not None and 400 <= started.status < 500:
        return bad(
            PAYMENT, f"the merchant refused the payment ({started.status}) before calling Daraja: {shown}", _REFUSED
        )
    base_url = f"give the merchant the Daraja base URL {daraja_url} (merchant.start.env can do it: {{daraja_url}})"
    if target.merchant.start is not None:
        base_url += ", or write `intercept: auto` in merchant.start if Safaricom's host is in its code"
    if started.status is not None and started.status >= 500:
        page = ", a debug page," if leak_of(started.body) else ", an error,"
        message = f"the merchant answered the payment {started.status}{page} and never called Daraja here: {shown}"
        could_not_reach = started.status in {502, 503, 504}
        fix = (
            f"if it could not reach Daraja, {base_url}; else {_REFUSED}"
            if could_not_reach
            else (f"read the merchant's log; {_REFUSED}; if it could not reach Daraja, {base_url}")
        )
        return bad("Daraja base URL" if could_not_reach else PAYMENT, message, fix)
    message = f"the merchant answered {started.status} and never called Daraja here: {shown}"
    return bad("Daraja base URL", message, base_url)


def payment_answer(started: Started, target: Target, *, refused: str = "") -> DoctorFinding:
    """Whether the payment was taken, and its identifier found in the answer. `refused`: why Daraja refused its push."""
    if refused and (not started.accepted or started.payment_id is None):
        shown = _shortened(answer_of(started))
        message = (
            f"Daraja refused the push ({refused}), and the merchant answered the payment {started.status}: {shown}"
        )
        return warning(PAYMENT, message, "fix what Daraja refuses; the rules will judge that")
    written = target.merchant.pay.payment_id
    if started.status is not None and not started.accepted:
        shown = _shortened(answer_of(started))
        message = f"the merchant called Daraja, and answered the payment {started.status}, an error: {shown}"
        return bad(PAYMENT, message, f"read the merchant's log, fix what it says; or {_REFUSED}")
    if started.payment_id is not None or written is None:
        return good(PAYMENT, f"a payment was started as {started.payment_id}")
    where = f"the answer to the payment ({started.status})"
    return nothing_found("merchant.pay.payment_id", written, answer_of(started), where)


def second_payment_refused(started: Started) -> DoctorFinding:
    """The first payment was taken, and the next one, of another payer and order, was not."""
    shown = _shortened(answer_of(started))
    answered = f"answered {started.status}: {shown}" if started.status is not None else "gave no answer"
    message = f"a first payment was taken; a second one, of another payer and another order, {answered}"
    fix = "see in the merchant's log why; perhaps merchant.pay lacks a field that distinguishes orders ({reference})"
    return warning("cancelled payment", message, fix)


def callback(entry: Mapping[str, Any], callbacks: CallbackRoute) -> DoctorFinding:
    """Whether the merchant's callback URL was reached, and took a genuine callback."""
    url = str((entry.get("request") or {}).get("url", ""))
    error = str(entry.get("error") or "")
    status = (entry.get("response") or {}).get("status")
    host = urlsplit(url).hostname or url
    called, url = url, without_secrets(url)
    if "allow" in error:
        here = "http://127.0.0.1:{port}"
        fix = f'add `callbacks: {{rewrite: {{"{_origin(url)}": "{here}"}}}}`, where the second address is your base_url'
        if _NOBODYS.search(host):
            fix = f"give the merchant's own address in place of {host}, which is nobody's: what M-Pesa sends is lost"
        return bad("callback host", f"the callback URL {url} is on a host that may not be called from here", fix)
    if error:
        fix = "let the merchant listen there, or redirect its callbacks with callbacks.rewrite or callbacks.deliver_to"
        return bad("callback", f"the callback to {url} was not delivered: {error}", fix)
    if status in {404, 405}:
        fix = "correct the callback URL that the merchant sends, or callbacks.rewrite / callbacks.deliver_to"
        message = f"the callback URL {url} was answered {status}: nobody takes callbacks there"
        if status == 404 and (found := _last_slash(called)):
            message += f"; {found}"
        return bad("callback", message, fix)
    if status is not None and 200 <= status < 300:
        return _taken(url, entry)
    return _refused(url, entry.get("response") or {}, callbacks.source_header)


def _last_slash(url: str) -> str:
    """What a GET finds at the address with a last slash added, or taken away; empty: nothing.

    The address is the one that the callback was sent to, so that its host may be called from here.
    """
    parts = urlsplit(url)
    lacks = not parts.path.endswith("/")
    other = parts._replace(path=f"{parts.path}/" if lacks else parts.path.removesuffix("/"))
    with MerchantSession() as session:
        session.hosts = hosts_of((url,))
        try:
            status = session.get(other.geturl(), timeout=_VISIT_S, allow_redirects=False).status_code
        except (requests.RequestException, HostRefused):
            return ""
    if status == 404 or 300 <= status < 400:
        return ""
    return f"the same address {'with' if lacks else 'without'} a slash at its end answers a GET with {status}"


def _taken(url: str, entry: Mapping[str, Any]) -> DoctorFinding:
    """A callback that was answered 2xx. Daraja reads no body; one that no callback handler writes gets a warning."""
    response = entry.get("response") or {}
    status, body = response.get("status"), str(response.get("body") or "")
    sent = str((entry.get("request") or {}).get("body") or "")
    usual = 'answer {"ResultCode": 0, "ResultDesc": "Accepted"}, as JSON'
    if body.strip() and body.strip() == sent.strip():
        content_type = MerchantAnswer(headers=tuple((response.get("headers") or {}).items())).content_type
        message = f"{url} answered {status} with the callback's own body, as {content_type or 'no type'}"
        return warning("callback", message, f"{usual}: receipt and phone number have no place in an answer")
    if looks_like_html(MerchantAnswer(body=body)):  # `OK` as text/html is no page
        message = f"{url} answered {status} with an HTML page: {_shortened(MerchantAnswer(body=body))}"
        fix = f"see that this is the handler of callbacks, and not a page for all addresses or a log-in; {usual}"
        return warning("callback", message, fix)
    return good("callback", f"{url} answered {status}")


def _refused(url: str, response: Mapping[str, Any], source_header: str | None) -> DoctorFinding:
    """A genuine callback that was not answered 2xx: for want of an address that the merchant knows, or by its fault."""
    status = response.get("status")
    shown = _shortened(MerchantAnswer(body=str(response.get("body") or "")))
    message = f"{url} answered a genuine callback {status}: {shown}"
    if status in {401, 403} and source_header is None:
        fix = (
            "if the merchant lets in only Safaricom's addresses, name the header in which it reads the caller's: "
            "`callbacks: {source_header: X-Forwarded-For}`; if it asks for a log-in, a token or a signature (CSRF "
            "protection, too), let the callback URL do without: callbacks carry none"
        )
        return bad("callback", message, fix)
    if status in {401, 403}:
        reads = f"see that the merchant reads {source_header} (callbacks.source_header)"
        fix = f"{reads}, and knows all of Safaricom's addresses; the rules will judge the rest"
    elif status is not None and 300 <= status < 400:
        fix = "let the merchant send the callback URL as its server wants it (https, a slash at the end)"
    else:
        fix = "read the merchant's log; if its set-up is not the cause, the rules will judge that"
    return warning("callback", message, fix)


def status_answer(view: StatusView, target: Target) -> DoctorFinding | None:
    """What is wrong with reading a payment's state; None when the state is known."""
    status = target.merchant.status
    if status is None or view.state is not None:
        return None
    where = status.call.path if status.call is not None else "the status probe"
    if view.error:
        return bad("status", f"the payment's state could not be read: {view.error}", "correct merchant.status")
    if view.http_status == 404:
        fix = "correct merchant.status.request, or merchant.pay.payment_id if that is not the right identifier"
        return bad("status", f"{where} was answered 404", fix)
    if view.http_status is not None and view.http_status >= 400:
        return bad("status", f"{where} was answered {view.http_status}: {view.body[:200]}", "correct merchant.status")
    if not view.raw_state:
        return nothing_found("merchant.status.state", status.state, MerchantAnswer(body=view.body), "the status answer")
    known = ", ".join(status.states)
    message = f"the merchant says {view.raw_state!r}, a word that merchant.status.states does not map (it maps {known})"
    return bad(
        "state words", message, f"add {view.raw_state} to merchant.status.states under paid, failed, pending or review"
    )


def last_view(read: Callable[[], StatusView], within_s: float) -> StatusView:
    """Read a state until it is final or time is up."""
    until = time.monotonic() + within_s
    while True:
        view = read()
        if view.state not in {None, PaymentState.PENDING} or time.monotonic() > until:
            return view
        time.sleep(0.1)


def unread_state(view: StatusView, status: StatusSource, what: str, *, fix: str) -> DoctorFinding | None:
    """Why the state of `what`, a payout or a refund, is not known; None when it is."""
    if view.state is not None:
        return None
    if view.raw_state:
        known, key = ", ".join(status.states), f"merchant.{what}.status.states"
        found = f"the merchant says {view.raw_state!r}, which {key} does not map ({known})"
        return bad("state words", found, f"add {view.raw_state} there under paid, failed, pending or review")
    answer = view.error or f"it was answered {view.http_status}: {view.body[:200]}"
    return bad(f"{what} status", f"the {what}'s state could not be read: {answer}", fix)


def nothing_found(key: str, written: str, answer: MerchantAnswer, where: str) -> DoctorFinding:
    """An extractor of the target file found nothing in an answer: what was there instead."""
    if is_too_slow(written, answer):
        message = f"{key} ({written}) was not done after {PATTERN_S:g} s in {where}: {_shortened(answer)}"
        return bad("extraction", message, f"write {key} without a repetition inside of a repetition, such as (a+)+")
    decoded = read_value(answer.body)
    if decoded is None and written.startswith("$"):
        kind = "an HTML page" if looks_like_html(answer) else "not JSON"
        message = f"{where} is {kind}, but {key} is the JSONPath {written}: {_shortened(answer)}"
        return bad(
            "answer form", message, f"use `regex:`, `header:` or `url:` for {key}, or let the merchant answer JSON"
        )
    if decoded is not None:
        message = (
            f"{key} ({written}) found nothing in {where}, which holds {', '.join(key_paths(decoded)) or 'no keys'}"
        )
        return bad("JSONPath", message, f"correct {key}")
    return bad("extraction", f"{key} ({written}) found nothing in {where}: {_shortened(answer)}", f"correct {key}")


def _shortened(answer: MerchantAnswer) -> str:
    text = visible_text(answer.body) if looks_like_html(answer) else " ".join(answer.body.split())
    return (text[:200] or "an empty body") + ("..." if len(text) > 200 else "")


def without_secrets(url: str) -> str:
    """The address with what may be a secret in its path left out: segments of 16 characters or more, and the query."""
    try:
        parts = urlsplit(url)
    except ValueError:  # `http://[x`: Daraja takes it
        return "..."
    path = "/".join("..." if len(part) >= 16 else part for part in parts.path.split("/"))
    return f"{parts.scheme}://{parts.netloc}{path}" + ("?..." if parts.query else "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
