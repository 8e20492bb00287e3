"""A proposal of a target file from one payment that somebody made by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tayari_formats.json_text import read_object
from tayari_formats.loopback import is_loopback

from tayari.target_draft.draft import USUAL_STATES, Draft, RequestDraft, StatusDraft, Value
from tayari.target_draft.recording_proxy import ProxyExchange

_STATE: Final = re.compile(r"(?i)(status|state)$")
_MESSAGES: Final = "$.message | $.error | $.detail"
_SHORTEST: Final = 3
"""A shorter value may be equal by chance: it is no identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """The STK push of the payment, as the simulator took it."""

    at_s: float
    msisdn: str
    amount: str
    reference: str
    checkout_request_id: str
    callback_url: str
    short_code: str

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Push:
        """Of an entry of the journal."""
        body = read_object((entry.get("request") or {}).get("body"))
        return cls(
            at_s=float(entry["at"]),
            msisdn=str(body.get("PhoneNumber", "")),
            amount=str(body.get("Amount", "")),
            reference=str(body.get("AccountReference", "")),
            checkout_request_id=str(entry.get("checkout_request_id") or ""),
            callback_url=str(body.get("CallBackURL", "")),
            short_code=str(body.get("BusinessShortCode", "")),
        )


def draft_from_traffic(name: str, merchant_url: str, seen: Sequence[ProxyExchange], push: Push) -> Draft:
    """What one payment shows: its start, its callback and how its state is read."""
    browser = [each for each in seen if not each.is_callback]
    start = start_request(browser, push)
    later = [each for each in browser if start is not None and each.at_s > start.at_s]
    identifiers = dict(_identifiers(start, push)) if start is not None else {}
    polls, value = _polls(later, identifiers)
    callbacks = [each for each in seen if each.is_callback]
    host = urlsplit(push.callback_url)
    about = ["Written from one payment that was made by hand."]
    about += [f"Callback: POST {each.path} answered {each.status}." for each in callbacks[:1]]
    return Draft(
        name=name,
        about=about,
        base_url=Value(merchant_url),
        pay=_pay(start, push, identifiers.get(value)),
        status=_status(polls, value) if polls else None,
        short_code=Value(push.short_code) if push.short_code not in {"", "174379"} else None,
        rewrite=None if _is_own(push) else Value(f"{host.scheme}://{host.netloc}", "the push"),
    )


def start_request(browser: Sequence[ProxyExchange], push: Push) -> ProxyExchange | None:
    """The request that started the payment: the last one before the push that has the phone number, or else a body."""
    before = [each for each in browser if each.at_s <= push.at_s and each.method in {"POST", "PUT", "PATCH"}]
    tail = push.msisdn[-9:]
    with_phone = [each for each in before if tail and tail in re.sub(r"[\s+-]", "", each.body + each.path)]
    found = with_phone or before
    return found[-1] if found else None


def _pay(start: ProxyExchange | None, push: Push, identifier: str | None) -> RequestDraft:
    if start is None:
        doubt = "the push came without a request through this proxy; write the request of your checkout page"
        return RequestDraft(request=Value("POST /pay", doubt=doubt), body={"phone": "{msisdn}", "amount": "{amount}"})
    is_form = "json" not in start.content_type.lower()
    given = dict(parse_qsl(start.body, keep_blank_values=True)) if is_form else read_object(start.body)
    body = {key: _template(value, push) for key, value in given.items()}
    missing = [name for name in ("{msisdn", "{amount}") if not any(name in text for text in map(str, body.values()))]
    doubt = "" if identifier else "where the payment's identifier is in the answer"
    if missing:
        body_doubt = "phone number or amount was not found in this request; the merchant may know them otherwise"
    else:
        body_doubt = "" if "{reference}" in map(str, body.values()) else "which field names the order, if one does"
    return RequestDraft(
        request=Value(f"{start.method} {start.path}", "the browser"),
        body=body,
        is_form=is_form,
        body_doubt=body_doubt,
        identifier=Value(identifier or "$.id", doubt=doubt),
        message=Value(_MESSAGES),
    )


def _template(value: object, push: Push) -> object:
    """A value of the start request, or the placeholder of what it was."""
    if isinstance(value, dict):
        return {key: _template(each, push) for key, each in value.items()}
    if isinstance(value, list):
        return [_template(each, push) for each in value]
    text = re.sub(r"[\s+-]", "", str(value))
    if len(push.msisdn) >= 9 and text.endswith(push.msisdn[-9:]) and text.isdecimal():
        return "{msisdn_local}" if text.startswith("0") else "{msisdn}"
    if not isinstance(value, bool) and _number(text) is not None and _number(text) == _number(push.amount):
        return "{amount}" if not isinstance(value, str) or text == push.amount else "{amount_text}"
    if text and text == re.sub(r"[\s+-]", "", push.reference):
        return "{reference}"
    return value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _identifiers(start: ProxyExchange, push: Push) -> Iterator[tuple[str, str]]:
    """Values of the start's answer, and the extractor of each; the most telling first."""
    if start.location:
        last = urlsplit(start.location).path.rstrip("/").rpartition("/")
        yield last[2], f"url:{re.escape(last[0])}/([^/?]+)"
    leaves = list(_leaves(read_object(start.answer), "$"))
    for path, value in leaves:
        if value == push.checkout_request_id:
            yield value, path
    yield from ((value, path) for path, value in leaves if len(value) >= _SHORTEST or path.lower().endswith("id"))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            if re.fullmatch(r"\w+", key):
                yield from _leaves(each, f"{path}.{key}")
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield path, str(value)


def _polls(later: Sequence[ProxyExchange], identifiers: Mapping[str, str]) -> tuple[list[ProxyExchange], str]:
    """The requests that read the state, and the identifier in them."""
    for value in identifiers:
        found = [each for each in later if value in _words(each)]
        if found:
            same = [each for each in found if _shape(each, value) == _shape(found[-1], value)]
            return same, value
    return [], ""


def _words(seen: ProxyExchange) -> frozenset[str]:
    parts = urlsplit(seen.path)
    given = parse_qsl(parts.query) + [(key, str(value)) for key, value in read_object(seen.body).items()]
    return frozenset((*parts.path.split("/"), *(value for _, value in given)))


def _shape(seen: ProxyExchange, value: str) -> str:
    return f"{seen.method} {seen.path.replace(value, '{payment_id}')}"


def _status(polls: Sequence[ProxyExchange], value: str) -> StatusDraft:
    first, last = dict(_leaves(read_object(polls[0].answer), "$")), dict(_leaves(read_object(polls[-1].answer), "$"))
    changed = [path for path in last if _STATE.search(path) and first.get(path) != last[path]]
    named = [path for path in last if _STATE.search(path)]
    path = next(iter((*changed, *named)), "")
    states: dict[str, Sequence[str]] = dict(USUAL_STATES)
    if path:
        states["paid"] = [last[path]]
        states["pending"] = [first[path]] if path in changed and path in first else USUAL_STATES["pending"]
    doubt = "" if path else "where the state is in the answer, and its words"
    words = "the word for paid was seen; write those for failed and pending" if path else "your words for the states"
    body = read_object(polls[-1].body)
    return StatusDraft(
        request=Value(_shape(polls[-1], value), "the browser"),
        body={key: "{payment_id}" if str(each) == value else each for key, each in body.items()},
        state=Value(path or "$.status", doubt=doubt),
        states=states,
        states_doubt=words,
    )


def _is_own(push: Push) -> bool:
    """Whether the callback URL leads to this machine already."""
    return is_loopback(urlsplit(push.callback_url).hostname or "")
