"""`GET /v1/har`: exchanges as an HTTP archive (HAR 1.2), with secrets masked, for browsers and other tools."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson
from aiohttp import web

from tayari_simulator import __version__
from tayari_simulator.control.endpoint import Controlled, answer_rows
from tayari_simulator.journal.entries import Question
from tayari_simulator.journal.memory import in_turns
from tayari_simulator.scenarios.values import Text
from tayari_simulator.strict_reading import AtLeast, AtMost

Json = dict[str, Any]
MASK: Final = "***"
_HEADERS: Final = frozenset(("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"))
_KEYS: Final = re.compile(
    r'("(?:Password|SecurityCredential|access_token|passkey|consumer_?(?:key|secret)|app_?key)"\s*:\s*)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarWhere:
    """Query of `GET /v1/har`."""

    msisdn: Text | None = None
    checkout_request_id: Text | None = None
    limit: Annotated[int, AtLeast(1), AtMost(10_000)] = 1000


async def har(controlled: Controlled, request: web.Request, where: HarWhere) -> web.StreamResponse:
    question = Question(msisdn=where.msisdn, transaction_id=where.checkout_request_id)
    found, _ = await controlled.simulator.whole_journal(question, limit=where.limit)
    rows = await in_turns(found, lambda row: orjson.dumps(har_entry(orjson.loads(row))))
    log = orjson.dumps({"log": {"version": "1.2", "creator": {"name": "tayari", "version": __version__}}})
    headers = {"Content-Disposition": 'attachment; filename="tayari.har"'}
    before = log.removesuffix(b"}}") + b',"entries":['
    return await answer_rows(request, rows, before=before, after=b"]}}", headers=headers)


def har_entry(entry: Json) -> Json:
    """An entry of the journal as an entry of an archive. Keys with an underscore are ours, as HAR allows."""
    request, response = entry["request"], entry["response"] or {"status": 0, "headers": {}, "body": ""}
    status, took_ms = response["status"], round(1000 * entry["duration_s"], 3)
    return {
        "startedDateTime": datetime.fromtimestamp(entry["at"], UTC).isoformat().replace("+00:00", "Z"),
        "time": took_ms,
        "request": {
            "method": request["method"],
            "url": request["url"],
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(request["headers"]),
            "queryString": _query(request["url"]),
            **({"postData": _body(request)} if request["body"] else {}),
            "headersSize": -1,
            "bodySize": len(request["body"].encode()),
        },
        "response": {
            "status": status,
            "statusText": HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(response["headers"]),
            "content": {"size": len(response["body"].encode()), **_body(response)},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(response["body"].encode()),
        },
        "cache": {},
        "timings": {"send": 0, "wait": took_ms, "receive": 0},
        "_seq": entry["seq"],
        "_kind": entry["kind"],
        "_endpoint": entry["endpoint"],
        "_checkout_request_id": entry["checkout_request_id"],
        "_virtual_at": entry["virtual_at"],
        "_note": entry["note"],
        "_error": entry["error"],
    }


def masked(body: str) -> str:
    """A body without the values of secrets, whether it is JSON or only looks like it."""
    return _KEYS.sub(rf'\1"{MASK}"', body)


def _headers(named: dict[str, str]) -> list[Json]:
    return [{"name": name, "value": _value(name, value)} for name, value in named.items()]


def _value(name: str, value: str) -> str:
    """The scheme of a credential stays: `Bearer ***`."""
    if name.lower() not in _HEADERS:
        return value
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {MASK}" if blank and scheme.isalpha() else MASK


def _query(url: str) -> list[Json]:
    return [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)]


def _body(message: Json) -> Json:
    kind = next((value for name, value in message["headers"].items() if name.lower() == "content-type"), "")
    return {"mimeType": kind, "text": masked(message["body"])}
