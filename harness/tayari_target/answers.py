"""A merchant's answers, read as the target file says: extractors, texts and numbers, and the views of them.

Nothing here raises, whatever the merchant answers: an absurd answer is the merchant's fault and is judged as such.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any, Final

from tayari_formats.json_text import read
from tayari_money.payment_record import PaymentState

from tayari_target.target_file.extractor import PATTERN_S, Extractor, ExtractorKind, compile_extractor
from tayari_target.target_file.target_model import ANY_OTHER, CreditSource, StatusSource
from tayari_target.views import LedgerView, Started, StatusView


@dataclass(frozen=True, kw_only=True)
class MerchantAnswer:
    """What came back, from HTTP or from a probe; the input of every extractor."""

    body: str = ""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Of the last answer, then of the redirects that led to it."""
    url: str = ""
    duration_s: float = 0.0
    error: str = ""

    @cached_property
    def _json(self) -> tuple[object | None, str]:
        return read(self.body)

    @property
    def decoded(self) -> object | None:
        """The JSON value of the body; None where it is none."""
        return self._json[0]

    @property
    def problem(self) -> str:
        """Why the body cannot be read although it may be well-formed JSON; else an empty text."""
        return self._json[1]

    def header(self, name: str) -> str | None:
        """The first header of that name, case ignored."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def content_type(self) -> str:
        """Without parameters, lower case; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


_UNSEEN: Final = frozenset({"script", "style", "head", "template", "noscript"})
_BLOCKS: Final = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "td", "section", "form", "button"})


_LARGEST: Final = 1e15
"""No count and no sum of shillings is larger; up to here every whole number has an exact float."""


_TOKEN: Final = re.compile(
    r"""
    <!--.*?(?:-->|\Z)
    | <(?P<end>/?)(?P<tag>[a-zA-Z][^\s/>]*+)(?:=\s*+"[^"]*+(?:"|\Z) | =\s*+'[^']*+(?:'|\Z) | [^>=]++ | =)*+(?:>|\Z)
    | <[!?/][^>]*+(?:>|\Z)
    """,
    re.DOTALL | re.VERBOSE,
)
"""A comment, a tag, or a declaration. One that never closes goes on to the end of the page, as in a browser."""
_RAW_ENDS: Final = {tag: re.compile(rf"</{tag}(?=[\s/>])|\Z", re.IGNORECASE) for tag in ("script", "style", "noscript")}
"""Within these elements only their own end tag is markup."""


def visible_text(html: str) -> str:
    """The text of an HTML page as a person reads it, blanks made single.

    The time grows with the length of the page only. `html.parser` of Python 3.11 and parsers that build
    a tree, as Lexbor does, take minutes for hostile pages: unclosed comments, deep nesting, many attributes.
    """
    parts: list[str] = []
    hidden: list[str] = []
    at = 0
    while (token := _TOKEN.search(html, at)) is not None:
        if not hidden:
            parts.append(html[at : token.start()])
        at = token.end()
        tag = (token["tag"] or "").lower()
        if tag in _BLOCKS and not hidden:
            parts.append(" ")
        if tag == "body":
            hidden = []  # the head ends here even without its end tag
        if tag not in _UNSEEN:
            continue
        if token["end"]:
            hidden = hidden[: hidden.index(tag)] if tag in hidden else hidden
        elif tag in _RAW_ENDS:
            ended = _RAW_ENDS[tag].search(html, at)
            at = ended.start() if ended else len(html)
        elif tag not in hidden:
            hidden.append(tag)
    if not hidden:
        parts.append(html[at:])
    return " ".join(_unescaped("".join(parts)).split())


def _unescaped(text: str) -> str:
    """Character references resolved. At most 40 characters count: `html.unescape` raises at thousands of digits."""
    return re.sub(r"&#?\w{1,40};?", lambda reference: unescape(reference.group()), text)


def looks_like_html(answer: MerchantAnswer) -> bool:
    """Whether the body is a page rather than data."""
    return "html" in answer.content_type or answer.body.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def find(written: str, answer: MerchantAnswer) -> object | None:
    """The first value that an extractor finds, or None."""
    found = find_all(written, answer)
    return found[0] if found else None


def find_all(written: str, answer: MerchantAnswer) -> Sequence[object]:
    """All values that an extractor finds, in order; a missing or null value counts as not found.

    A pattern that is not done after `PATTERN_S` has found nothing; `is_too_slow` says so.
    """
    try:
        return _found(compile_extractor(written), answer)
    except TimeoutError:
        return []


def is_too_slow(written: str, answer: MerchantAnswer) -> bool:
    """Whether the pattern of an extractor runs out of time on this answer, and finds nothing for that reason."""
    try:
        _found(compile_extractor(written), answer)
    except TimeoutError:
        return True
    return False


def _found(extractor: Extractor, answer: MerchantAnswer) -> Sequence[object]:
    """Raises TimeoutError: its pattern ran out of time."""
    if extractor.kind is ExtractorKind.JSON:
        return _json_values(extractor, answer)
    if extractor.kind is ExtractorKind.JOINED:
        found = [as_text(find(part, answer)) for part in extractor.parts]
        return [" ".join(text or "-" for text in found)] if any(found) else []
    if extractor.kind is ExtractorKind.STATUS:
        return [] if answer.status is None else [answer.status]
    if extractor.kind is ExtractorKind.TEXT:
        text = visible_text(answer.body) if looks_like_html(answer) else answer.body.strip()
        return [text] if text else []
    if extractor.kind is ExtractorKind.HEADER:
        value = answer.header(extractor.header)
        if value is None or extractor.pattern is None:
            return [] if value is None else [value]
        return _matches(extractor.pattern, value)
    subject = answer.url if extractor.kind is ExtractorKind.URL else answer.body
    return _matches(extractor.pattern, subject) if extractor.pattern is not None else []


def as_text(value: object | None) -> str:
    """A found value as text: `42` for 42.0, `true` for True, JSON for what has members, empty for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) <= _LARGEST else str(value)
    return json.dumps(value, ensure_ascii=False)


def as_number(value: object | None) -> float | None:
    """A found value as a number: `1,200.00`, `KES 1200` and 1200 are all 1200.0; None for none, or an absurd one."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return None if is_absurd_number(value) else float(value)
    if not isinstance(value, str):
        return None
    match = re.search(r"-?\d[\d,]*(?:\.\d+)?", value)
    number = float(match.group().replace(",", "")) if match else None
    return None if number is None or is_absurd_number(number) else number


def is_absurd_number(value: object) -> bool:
    """Whether this is a number that no count and no sum can be: infinite, NaN, or beyond 15 digits."""
    if isinstance(value, int):
        return abs(value) > _LARGEST
    return isinstance(value, float) and (not math.isfinite(value) or abs(value) > _LARGEST)


def key_paths(decoded: object, *, limit: int = 20) -> tuple[str, ...]:
    """The paths in a JSON body (`$.data.id`), three levels deep: shown when a JSONPath finds nothing."""
    paths: list[str] = []

    def walk(value: object, path: str, depth: int) -> None:
        if isinstance(value, dict) and depth < 3:
            for key, member in value.items():
                walk(member, f"{path}.{key}", depth + 1)
        elif isinstance(value, list) and value and depth < 3:
            walk(value[0], f"{path}[0]", depth + 1)
        elif len(paths) < limit:
            paths.append(path)

    walk(decoded, "$", 0)
    return tuple(paths)


def _json_values(extractor: Extractor, answer: MerchantAnswer) -> Sequence[object]:
    decoded = answer.decoded
    if not isinstance(decoded, dict | list):
        return []
    if extractor.path is not None:
        return [value for value in extractor.path.findall(decoded) if value is not None]
    found: list[object] = [decoded]
    for name in extractor.members:
        if name == "*":
            found = [member for value in found for member in _all_members(value)]
        else:
            found = [value.get(name) for value in found if isinstance(value, dict)]
    return [value for value in found if value is not None]


def _all_members(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _matches(pattern: Any, subject: str) -> Sequence[object]:
    found = pattern.finditer(subject, timeout=PATTERN_S)
    return [match.group(1) if pattern.groups else match.group() for match in found]


def mapped_state(status: StatusSource, raw: str) -> PaymentState | None:
    """Our state for the merchant's word: exact first, then whatever the case, then by `*`; None for an unknown word."""
    if raw in status.states:
        return status.states[raw]
    folded = raw.casefold()
    others = status.states.get(ANY_OTHER) if raw else None
    return next((state for word, state in status.states.items() if word.casefold() == folded), others)


def read_view(status: StatusSource, answer: MerchantAnswer, full_amount: Callable[[], float | None]) -> StatusView:
    """A payment's state. `full_amount` is asked where the merchant says that it credited, and not how much."""
    raw = as_text(find(status.state, answer)).strip()
    found = _yes_or_no(find(status.credited, answer)) if status.credited else None
    return StatusView(
        state=mapped_state(status, raw) if (answer.status or 0) < 400 or "status" in status.state.split() else None,
        raw_state=raw,
        message=read_message(status.message, answer),
        receipt=(as_text(find(status.receipt, answer)) or None) if status.receipt else None,
        credited=full_amount() if found is True else as_number(found),
        says_only_credited=found is True,
        http_status=answer.status,
        body=answer.body,
        error=answer.error,
    )


def _yes_or_no(found: object | None) -> object | None:
    if isinstance(found, str) and found.strip().lower() in {"true", "yes", "false", "no"}:
        return found.strip().lower() in {"true", "yes"}
    return found


def missing(key: str) -> str:
    """Why nothing is done or read: the target file does not say how."""
    return f"the target file has no {key}"


def not_started(key: str) -> Started:
    """Nothing was started, for the target file lacks this key."""
    return Started(accepted=False, status=None, payment_id=None, error=missing(key))


def read_started(answer: MerchantAnswer, id_at: str | None, message_at: str | None, reference: str) -> Started:
    """A payment, payout or refund that was asked for; its identifier is `reference` where no extractor finds it."""
    found = as_text(find(id_at, answer)) if id_at is not None else reference
    return Started(
        accepted=answer.status is not None and answer.status < 400,
        status=answer.status,
        payment_id=found or None,
        message=read_message(message_at, answer),
        body=answer.body,
        error=answer.error,
        duration_s=answer.duration_s,
        content_type=answer.content_type,
    )


def is_refused(answer: MerchantAnswer) -> bool:
    """Whether there was no answer, or one that is an error."""
    return bool(answer.error) or answer.status is None or answer.status >= 400


def refusal(key: str, answer: MerchantAnswer) -> str:
    """Why the request of a key of the target file was not served; empty where it was."""
    return (answer.error or f"{key} answered {answer.status}") if is_refused(answer) else ""


def read_texts(written: str, answer: MerchantAnswer) -> tuple[str, ...]:
    """Everything that an extractor finds; the members of a list one by one."""
    found = find_all(written, answer)
    members = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    return tuple(as_text(member) for member in members)


def read_message(written: str | None, answer: MerchantAnswer) -> str:
    """The message to the customer: by the extractor, or all that a page shows."""
    found = as_text(find(written, answer)).strip() if written is not None else ""
    if not found and looks_like_html(answer):
        return visible_text(answer.body)
    return found


def read_shillings(key: str, written: str, answer: MerchantAnswer) -> tuple[float | None, str]:
    """The shillings that an extractor finds; None where it finds none, and why not. `key`: of the extractor."""
    if refused := refusal(key.rpartition(".")[0], answer):
        return None, refused
    found = as_number(find(written, answer))
    return found, "" if found is not None else f"{key} ({written}) found no number"


def read_credits(source: CreditSource, answer: MerchantAnswer, *, key: str) -> LedgerView:
    """How often, and how much, was credited. `key`: of the source in the target file."""
    if answer.error or (answer.status or 0) >= 400:
        what = key.rpartition(".")[2]
        return LedgerView(credits=None, error=answer.error or f"the {what} answered {answer.status}")
    total = as_number(find(source.total, answer)) if source.total is not None else None
    named = key.removeprefix("merchant.")
    if source.credits is None:
        found_nothing = f"{named}.total ({source.total}) found no number in the answer; correct it"
        return LedgerView(credits=None, total=total, error="" if total is not None else found_nothing)
    if answer.problem:
        return LedgerView(credits=None, error=f"the ledger cannot be read: {answer.problem}")
    found = find_all(source.credits, answer)
    many = source.credits.startswith("$") and ("*" in source.credits or "?" in source.credits)
    where = f"{named}.credits ({source.credits})"
    if many and answer.decoded is not None:
        return LedgerView(credits=len(found), total=total)
    if not found:
        return LedgerView(credits=None, error=f"{where} found nothing in the answer; correct it")
    first = found[0]
    if isinstance(first, list):
        return LedgerView(credits=len(first), total=total)
    if is_absurd_number(first):
        return LedgerView(credits=None, total=total, error=_absurd_credits(where, first))
    number = as_number(first)
    count = len(found) if len(found) > 1 or number is None else int(number)
    return LedgerView(credits=count, total=total)


def _absurd_credits(where: str, found: object) -> str:
    shown = as_text(found)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}... ({len(shown)} characters)"
    return f"{where} found {shown}; expected a count of credits; let the merchant answer one"
