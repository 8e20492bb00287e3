"""Every way in which a call is refused, in one list: Daraja's errors, the gateway's faults, the pages of the edge."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tayari_simulator.catalogue.advice import ADVICE, Advice
from tayari_simulator.catalogue.errors import ERROR_LIST
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.catalogue.provenance import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal and what to make of it.

    `code` is the `errorCode`, the gateway's own code, or the page's name; `text` is what it says, and may hold
    `{field}`, `{method}` or `{token}`; empty: it says nothing.
    """

    kind: str
    """`error` (Daraja's envelope) or `gateway` (what stands before it)."""
    name: str
    code: str
    status: int
    text: str
    meaning: str
    advice: Advice
    mark: Mark
    source: str

    def to_dict(self) -> dict[str, object]:
        """The row as the control API shows it."""
        return {
            "name": self.name,
            "code": self.code,
            "status": self.status,
            "text": self.text,
            "meaning": self.meaning,
            "say": {"en": self.advice.say_en, "sw": self.advice.say_sw},
            "retry": self.advice.retry,
            "mark": str(self.mark),
            "source": self.source,
        }

    def words(self) -> frozenset[str]:
        """What finds it: its name, its code, its HTTP status."""
        return frozenset({self.name, self.code, str(self.status)})

    def says(self, text: str) -> bool:
        """Whether `text` is what this refusal says, whatever field, method or token it names."""
        return re.fullmatch(re.sub(r"\\\{\w+\\\}", ".*", re.escape(self.text)), text) is not None


def _all() -> Iterator[Refusal]:
    for error in ERROR_LIST:
        yield Refusal(
            kind="error", name=error.name, code=error.code, status=error.status, text=error.message or "",
            meaning=error.when, advice=ADVICE[error.name], mark=error.mark, source=error.source,
        )  # fmt: skip
    for fault in GATEWAY_FAULTS.values():
        code, text = _fault_of(fault.body)
        yield Refusal(
            kind="gateway", name=fault.name, code=code or fault.name, status=fault.status, text=text,
            meaning=fault.when, advice=ADVICE[fault.name], mark=fault.mark, source=fault.source,
        )  # fmt: skip
    for page in PAGES.values():
        yield Refusal(
            kind="gateway", name=page.name, code=page.name, status=page.status, text=_plain(page.body),
            meaning=page.when, advice=ADVICE[page.name], mark=page.mark, source=page.source,
        )  # fmt: skip


def _fault_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """The gateway's own code and text in a body: its `fault`, or a SOAP fault as JSON; empty: there is none."""
    fault = body.get("fault")
    detail = _inside(fault, "detail")
    if fault is None:
        fault = _inside(body, "Envelope", "Body", "Fault")
        detail = _inside(fault, "detail", "source")
    return str(_inside(detail, "errorcode") or ""), str(_inside(fault, "faultstring") or "")


def _inside(value: object, *keys: str) -> object:
    """What stands under these keys; None where there is no such thing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _plain(page: str) -> str:
    """What a page says to a reader: its text without the marks."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<title>.*?</title>", "", page)).split())


REFUSALS: Final[tuple[Refusal, ...]] = tuple(_all())


@dataclass(frozen=True, slots=True)
class Recognised:
    """What an answered body was: the code and text as they were sent, and the row, if it is one that is known."""

    code: str
    text: str
    row: Refusal | None


def recognise(status: int, body: str) -> Recognised | None:
    """Which refusal an answer was, of its HTTP status and body; None: it is no refusal in any known form."""
    if status < 400:
        return None
    try:
        read = json.loads(body)
    except ValueError:
        page = next((row for row in REFUSALS if row.kind == "gateway" and row.text and row.text == _plain(body)), None)
        return Recognised(page.code, page.text, page) if page else None
    if not isinstance(read, Mapping):
        return None
    if code := str(read.get("errorCode") or ""):
        text = str(read.get("errorMessage") or "")
        row = _error(code, text, status)
        return Recognised(code, row.text if row and "{token}" in row.text else text, row)
    code, text = _fault_of(read)
    row = next((row for row in REFUSALS if row.kind == "gateway" and row.code == code), None)
    return Recognised(code, text, row) if code else None


def _error(code: str, text: str, status: int) -> Refusal | None:
    """The row of a code that says this, rather one without a `{field}`; or the only row of the code."""
    rows = [row for row in REFUSALS if row.kind == "error" and row.code == code]
    fits = sorted((row for row in rows if row.says(text)), key=lambda row: ("{" in row.text, row.status != status))
    return fits[0] if fits else rows[0] if len({row.text for row in rows}) == 1 else None
