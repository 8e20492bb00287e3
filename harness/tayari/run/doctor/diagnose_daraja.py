"""What the merchant's calls to Daraja say about its set-up: the journal's entries in, findings out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tayari_control.simulator_process import CallbackRoute, DarajaAccount
from tayari_formats.json_text import read_object
from tayari_money.daraja_records import unplayed_calls

from tayari.run.doctor.diagnose_merchant import without_secrets
from tayari.run.doctor.doctor_findings import DoctorFinding, bad, good, warning

Entry = Mapping[str, Any]
"""One entry of the simulator's journal, as the control API shows it."""

_TILL: Final = "CustomerBuyGoodsOnline"
"""Source: reference 3.1."""
EAT_S: Final = 3 * 3600
CLOCK_LIMIT_S: Final = 300.0


def diagnose(entries: Sequence[Entry], account: DarajaAccount) -> Iterator[DoctorFinding]:
    """Credentials, short code, passkey and clock, in the order in which Daraja checks them."""
    oauth = _last(entries, "oauth")
    if oauth is not None:
        yield _credentials(oauth)
    push = _last(entries, "stk_push")
    if push is None:
        return
    yield from _push(push, account)
    stamp = _clock(push)
    if stamp is not None:
        yield stamp


def saw_daraja(entries: Iterable[Entry]) -> bool:
    """Whether the merchant called Daraja at all."""
    return any(entry["kind"] == "request" for entry in entries)


def pushed(entries: Iterable[Entry]) -> bool:
    """Whether the merchant sent an STK push, right or wrong."""
    return _last(entries, "stk_push") is not None


def token_refused(entries: Iterable[Entry]) -> bool:
    """Whether the merchant asked for a token and did not get one: then no push can come."""
    oauth = _last(entries, "oauth")
    return oauth is not None and (_status(oauth) or 0) >= 400


def accepted_push(entries: Sequence[Entry]) -> Entry | None:
    """The push that made a payment, if there is one."""
    pushes = [entry for entry in entries if entry["kind"] == "request" and entry["endpoint"] == "stk_push"]
    return next((entry for entry in pushes if entry.get("checkout_request_id")), None)


def refusal(entries: Sequence[Entry]) -> str:
    """Why Daraja refused the last push; empty when it did not."""
    push = _last(entries, "stk_push")
    return str(_answer(push).get("errorMessage") or "") if push is not None else ""


def unplayed(entries: Iterable[Entry]) -> Iterator[DoctorFinding]:
    """Paths that the merchant called and that no API of Daraja has here, in its own words."""
    fix = "correct the path; if Daraja has it, report it to the makers of Tayari: it is missing here"
    for call in unplayed_calls(entries):
        yield warning("path", f"the merchant called {call}", fix)


def other_payer(entries: Sequence[Entry], msisdn: str) -> Iterator[DoctorFinding]:
    """A push that asks another number than the payer's."""
    push = _last(entries, "stk_push")
    number = str(_request(push).get("PhoneNumber", "")) if push is not None else msisdn
    if number[-9:] != msisdn[-9:]:
        found = f"the push asks {number[:5]}***{number[-3:]}, and {msisdn} pays"
        yield warning("payer", found, "let the merchant push to the number that is typed; the rules judge that (S11)")


def unused_rewrites(push: Entry, callbacks: CallbackRoute) -> Iterator[DoctorFinding]:
    """Entries of `callbacks.rewrite` that the callback of this push does not meet: the first that fits is taken."""
    sent = str(_request(push).get("CallBackURL", ""))
    url, whose = (callbacks.deliver_to, "callbacks.deliver_to") if callbacks.deliver_to else (sent, "the callback URL")
    used = next((prefix for prefix in callbacks.rewrite if url.startswith(prefix)), None)
    for prefix in callbacks.rewrite:
        if prefix != used:
            found = f"callbacks.rewrite has {prefix}, and rewrote nothing with it: {whose} is {without_secrets(url)}"
            yield warning("rewrite", found, "write the beginning of the URL as it is sent, or remove the entry")


def _credentials(entry: Entry) -> DoctorFinding:
    status = _status(entry)
    if status is None or status < 400:
        return good("credentials", "Daraja gave the merchant a token")
    if status >= 500:
        return good("credentials", f"the token request was answered {status}")
    body = _answer(entry)
    what = body.get("errorMessage") or "an empty body, as Daraja answers an unknown consumer key or secret"
    return bad(
        "credentials",
        f"the merchant's token request was answered {status}: {what}",
        "set the same consumer_key and consumer_secret in the merchant and in `daraja:`",
    )


def _push(entry: Entry, account: DarajaAccount) -> Iterator[DoctorFinding]:
    error = str(_answer(entry).get("errorMessage") or "")
    sent = _request(entry)
    short_code = str(sent.get("BusinessShortCode", ""))
    if error in {"Merchant does not exist", "Bad Request - Invalid BusinessShortCode"}:
        yield bad(
            "short code",
            f"the merchant pushes with BusinessShortCode {short_code or 'missing'}; expected {account.short_code}",
            "set the same short code in the merchant and in daraja.short_code",
        )
        return
    yield good("short code", f"the merchant uses {short_code}")
    if error.endswith("Wrong credentials"):
        wrong = _malformed_password(sent)
        if wrong:
            yield warning("passkey", wrong, "fix how the merchant makes the Password; the rules will judge it (S01)")
            return
        found = _other_password(sent, account)
        yield bad("passkey", found, "set the same passkey in the merchant and in daraja.passkey")
        return
    yield good("passkey", "the Password is right" if not error else "")
    if error == "Bad Request - Invalid CallBackURL":
        found = f"Daraja refuses the CallBackURL {sent.get('CallBackURL')!r}"
        fix = "let the merchant send a full http(s) URL without blanks; the rules will judge that (S10)"
        yield warning("callback URL", found, fix)
    elif error == "Bad Request - Invalid TransactionType" and not account.till and sent.get("TransactionType") == _TILL:
        found = f"the merchant pushes as {_TILL} to PartyB {sent.get('PartyB')}, and the target file names no till"
        fix = "write its till number as daraja.till; where it has none, the rules will judge that (S09)"
        yield warning("till", found, fix)
    elif error:
        fix = "correct what the merchant sends; the rules will judge that (S15), and most others need an accepted push"
        yield warning("push", f"Daraja refused the push: {error}", fix)


def _password(sent: Mapping[str, Any]) -> str | None:
    """What the Password holds; None when it is not base64 of ASCII."""
    try:
        return base64.b64decode(str(sent.get("Password", "")), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _malformed_password(sent: Mapping[str, Any]) -> str:
    """What the merchant makes wrong in the Password, whatever its settings; empty when nothing."""
    inside = _password(sent)
    if inside is None:
        return "the Password is not base64; expected base64(short code + passkey + Timestamp)"
    if not inside.endswith(str(sent.get("Timestamp", ""))):
        return "the Timestamp inside the Password is not the one beside it; expected the same value twice"
    return ""


def _other_password(sent: Mapping[str, Any], account: DarajaAccount) -> str:
    """How the Password differs from the target file's, without showing what is in it."""
    if not (_password(sent) or "").startswith(account.short_code):
        return f"the Password does not begin with the short code {account.short_code}"
    return "the Password holds another passkey than the target file"


def _clock(entry: Entry) -> DoctorFinding | None:
    text = str(_request(entry).get("Timestamp", ""))
    try:
        stamped = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return good("clock", f"the Timestamp {text!r} cannot be read; the rules will judge that")
    off_s = stamped.timestamp() - EAT_S - float(entry["at"])
    hours = round(off_s / 3600)
    if abs(off_s) <= CLOCK_LIMIT_S:
        return good("clock", "the Timestamp is East Africa Time")
    if abs(off_s - hours * 3600) <= CLOCK_LIMIT_S:
        return good("clock", f"the Timestamp is {abs(hours)} h off East Africa Time: accepted today, send EAT")
    return warning(
        "clock",
        f"the merchant's Timestamp {text} is {abs(off_s) / 60:.0f} minutes off; expected EAT within 5",
        "if the format of the Timestamp is YYYYMMDDHHmmss, set the merchant's clock; the rules will judge that (S02)",
    )


def _last(entries: Iterable[Entry], endpoint: str) -> Entry | None:
    found = [entry for entry in entries if entry["kind"] == "request" and entry["endpoint"] == endpoint]
    return found[-1] if found else None


def _status(entry: Entry) -> int | None:
    response = entry.get("response")
    return int(response["status"]) if response and response.get("status") else None


def _answer(entry: Entry) -> Mapping[str, Any]:
    return _decoded((entry.get("response") or {}).get("body"))


def _request(entry: Entry) -> Mapping[str, Any]:
    return _decoded((entry.get("request") or {}).get("body"))


def _decoded(body: object) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else read_object(body)
