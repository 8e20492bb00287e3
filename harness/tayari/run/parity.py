"""What a Daraja answers to a fixed list of harmless calls: recorded from one, compared with another.

A record holds nothing of the account. For each answer it keeps the status, the content type, and the names and types of
its keys. It also keeps the words of a few keys that carry Daraja's own texts, masked.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from tayari_control.http_session import daraja_session
from tayari_control.simulator_process import DarajaAccount
from tayari_formats.loopback import is_loopback
from tayari_reports.redaction import Redactor

Json = dict[str, Any]

SCHEMA: Final = 1
SANDBOX: Final = "sandbox.safaricom.co.ke"
_TIMEOUT_S: Final = 30.0
_LONGEST: Final = 200
CODES: Final = frozenset({"errorCode", "ResponseCode", "ResultCode", "errorcode"})
WORDS: Final = frozenset({"errorMessage", "ResponseDescription", "CustomerMessage", "ResultDesc", "faultstring"})
"""Keys whose values are Daraja's own texts, and not the account's."""


class ParityError(Exception):
    """A record that cannot be made or read; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAccount(DarajaAccount):
    """A sandbox app, the phone that it prompts and its callback URL. None of the credentials is written anywhere."""

    msisdn: str
    callback_url: str

    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be in a record."""
        pair = b64encode(f"{self.consumer_key}:{self.consumer_secret}".encode()).decode()
        return tuple(filter(None, (self.consumer_key, self.consumer_secret, self.passkey, pair)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityProbe:
    """One harmless call. `switches`: the options of the simulator that decide its answer."""

    name: str
    about: str
    call: Callable[[ProbeAccount, str], Json]
    """The arguments of the request for this account and token."""
    switches: tuple[str, ...] = ()


_OAUTH: Final = "/oauth/v1/generate?grant_type=client_credentials"
_PUSH: Final = "/mpesa/stkpush/v1/processrequest"
_QUERY: Final = "/mpesa/stkpushquery/v1/query"


def _token(path: str, *, wrong: str = "") -> Callable[[ProbeAccount, str], Json]:
    return lambda account, _: {
        "method": "GET", "url": path, "auth": (account.consumer_key, f"{account.consumer_secret}{wrong}"),
    }  # fmt: skip


def _push(
    *, method: str = "POST", bearer: str | None = None, without: str = "", **changes: object
) -> Callable[[ProbeAccount, str], Json]:
    def call(account: ProbeAccount, token: str) -> Json:
        body = {key: value for key, value in {**_push_body(account), **changes}.items() if key != without}
        used_token = token if bearer is None else bearer
        headers = {"Authorization": f"Bearer {used_token}"} if used_token else {}
        return {"method": method, "url": _PUSH, "json": body, "headers": headers}

    return call


def _push_body(account: ProbeAccount) -> Json:
    stamp = f"{datetime.now(UTC) + timedelta(hours=3):%Y%m%d%H%M%S}"
    password = b64encode(f"{account.short_code}{account.passkey}{stamp}".encode()).decode()
    return {
        "BusinessShortCode": account.short_code, "Password": password, "Timestamp": stamp,
        "TransactionType": "CustomerPayBillOnline", "Amount": 1, "PartyA": account.msisdn,
        "PartyB": account.short_code, "PhoneNumber": account.msisdn, "CallBackURL": account.callback_url,
        "AccountReference": "parity", "TransactionDesc": "parity",
    }  # fmt: skip


def _query(account: ProbeAccount, token: str) -> Json:
    push = _push_body(account)
    body = {key: push[key] for key in ("BusinessShortCode", "Password", "Timestamp")}
    unknown = {**body, "CheckoutRequestID": "ws_CO_010120200000000708374149"}
    return {"method": "POST", "url": _QUERY, "json": unknown, "headers": {"Authorization": f"Bearer {token}"}}


PROBES: Final = (
    ParityProbe(name="token", about="a token", call=_token(_OAUTH), switches=("expires_in_type",)),
    ParityProbe(name="token.wrong_secret", about="a token for a wrong secret", call=_token(_OAUTH, wrong="x"),
          switches=("oauth_wrong_credentials",)),
    ParityProbe(name="token.no_grant_type", about="a token without grant_type", call=_token("/oauth/v1/generate")),
    ParityProbe(name="push.no_token", about="a push without a token", call=_push(bearer="")),
    ParityProbe(name="push.wrong_token", about="a push with an invented token", call=_push(bearer="invented"),
          switches=("invalid_token_status", "invalid_token_request_id")),
    ParityProbe(name="push.get", about="a push by GET", call=_push(method="GET"), switches=("wrong_method",)),
    ParityProbe(name="push.no_amount", about="a push without Amount", call=_push(without="Amount")),
    ParityProbe(name="push.amount_zero", about="a push of no shillings", call=_push(Amount=0)),
    ParityProbe(name="push.amount_text", about="a push of ten shillings and a half", call=_push(Amount="10.5")),
    ParityProbe(name="push.bad_msisdn", about="a push to no number", call=_push(PhoneNumber="0712", PartyA="0712")),
    ParityProbe(name="push.bad_timestamp", about="a push with half a Timestamp", call=_push(Timestamp="2026")),
    ParityProbe(name="push.bad_password", about="a push with a wrong Password", call=_push(Password="eA==")),
    ParityProbe(name="push.bad_url", about="a push whose callback URL is none", call=_push(CallBackURL="nowhere")),
    ParityProbe(name="push.no_description", about="a push without TransactionDesc",
                call=_push(without="TransactionDesc"), switches=("transaction_desc",)),
    ParityProbe(name="push", about="a push of one shilling to the test number", call=_push()),
    ParityProbe(name="query.unknown", about="the query of a push that there is not", call=_query,
                switches=("query_unknown_id",)),
    ParityProbe(name="path.unknown", about="a path that there is not",
                call=lambda _, token: {"method": "GET", "url": "/mpesa/nothing/v1",
                                       "headers": {"Authorization": f"Bearer {token}"}}),
)  # fmt: skip
"""In the order in which they are sent. The refusals come first: the one push that is accepted blocks its number."""


def allowed(url: str) -> str:
    """The address without its last slash. Only Safaricom's sandbox and this machine are asked, never its production.

    Raises:
        ParityError: another host.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not is_loopback(host) and (host != SANDBOX or parts.scheme != "https"):
        expected = f"expected https://{SANDBOX}, or an address of this machine"
        raise ParityError(f"{url} is not asked; {expected}")
    return url.rstrip("/")


def answers(daraja_url: str, account: ProbeAccount, names: Iterable[str] = ()) -> dict[str, Json]:
    """What a Daraja answers to each probe, or to those in `names`, without what may not be written.

    Raises:
        ParityError: it cannot be reached, or gives no token.
    """
    wanted = frozenset(names)
    with daraja_session(beyond_this_machine=not is_loopback(urlsplit(daraja_url).hostname or "")) as session:
        token, found = "", {}
        for probe in PROBES:
            if wanted and probe.name not in wanted and probe.name != "token":
                continue
            answer = _sent(session, daraja_url, probe.call(account, token))
            if probe.name == "token":
                token = _token_of(answer)
            found[probe.name] = recorded(answer, Redactor((*account.secrets(), token)))
    return found


def _sent(session: requests.Session, daraja_url: str, call: Json) -> requests.Response:
    url = f"{daraja_url}{call.pop('url')}"
    try:
        return session.request(call.pop("method"), url, timeout=_TIMEOUT_S, allow_redirects=False, **call)
    except requests.RequestException as error:
        raise ParityError(f"{daraja_url} does not answer: {type(error).__name__}") from error


def _token_of(answer: requests.Response) -> str:
    try:
        return str(answer.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        do = "check TAYARI_CONSUMER_KEY and TAYARI_CONSUMER_SECRET"
        raise ParityError(f"no token was given (HTTP {answer.status_code}); {do}") from None


def recorded(answer: requests.Response, redactor: Redactor) -> Json:
    """What a record keeps of an answer."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        body: object = _shape("", answer.json(), redactor)
    except ValueError:
        text = answer.text.strip()
        body = "empty" if not text else "page" if "<html" in text[:2000].lower() else "text"
    return {"status": answer.status_code, "content_type": kind, "body": body}


def _shape(key: str, value: object, redactor: Redactor) -> object:
    """The same JSON with types for values; only the texts of a few keys are kept, and masked."""
    if isinstance(value, dict):
        return {_key(str(name), redactor): _shape(str(name), item, redactor) for name, item in value.items()}
    if isinstance(value, list):
        return [_shape(key, item, redactor) for item in value[:1]]
    if key in CODES | WORDS and isinstance(value, str | int) and not isinstance(value, bool):
        text = re.sub(r"\d{7,}", "#", redactor.text(str(value)))[:_LONGEST]
        return f"{_kind(value)}: {text}"
    return _kind(value)


def _key(name: str, redactor: Redactor) -> str:
    return redactor.text(name)[:_LONGEST]


def _kind(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    return names.get(type(value), "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place in which the answers of two Darajas differ. `wording`: only Daraja's words for people differ."""

    probe: str
    where: str
    recorded: str
    here: str
    wording: bool = False


def differences(recording: Mapping[str, Json], here: Mapping[str, Json]) -> Iterator[Difference]:
    """Where the answers differ, in the order of the probes; a probe that only one of them has is passed over."""
    for probe in PROBES:
        if probe.name not in recording or probe.name not in here:
            continue
        old, new = _flat(recording[probe.name]), _flat(here[probe.name])
        for where in dict.fromkeys((*old, *new)):
            before, now = old.get(where, "not there"), new.get(where, "not there")
            if before != now:
                wording = where.rpartition(".")[2] in WORDS and _type(before) == _type(now)
                yield Difference(probe=probe.name, where=where, recorded=before, here=now, wording=wording)


def _type(leaf: str) -> str:
    return leaf.partition(":")[0]


def _flat(value: object, where: str = "") -> dict[str, str]:
    if isinstance(value, dict) and value:
        parts = [_flat(item, f"{where}.{name}".lstrip(".")) for name, item in value.items()]
        return {path: leaf for part in parts for path, leaf in part.items()}
    if isinstance(value, list) and value:
        return _flat(value[0], f"{where}[]")
    return {where: str(value)}


def document(found: Mapping[str, Json], *, daraja_url: str, version: str) -> Json:
    """The whole record."""
    return {
        "schema": SCHEMA,
        "recorded_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "daraja": urlsplit(daraja_url).hostname,
        "tayari": version,
        "answers": dict(found),
    }


def read_record(path: Path) -> Json:
    """A record of an earlier day.

    Raises:
        ParityError: it cannot be read, or is no record.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParityError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ParityError(f"{path}: is no JSON ({error}); expected what `tayari parity record` wrote") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or not isinstance(found.get("answers"), dict):
        raise ParityError(f"{path}: expected what `tayari parity record` wrote (schema {SCHEMA})")
    return found
