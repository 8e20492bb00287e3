"""What the HTML template is given: findings with links and exchanges, within a budget of bytes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tayari_reports.model import Check, Exchange, State
from tayari_reports.model.outcomes import Outcome
from tayari_reports.verdict import Judgement
from tayari_reports.verdict.causes import decisive_exchange
from tayari_reports.verdict.sentences import open_questions

LONGEST_BODY: Final = 6_000
"""Characters of one body that the page shows; `run.json` has the rest."""

BUDGET: Final = 2_600_000
"""Bytes of evidence in one page, so that a thousand failures stay below 5 MB."""

_FRAME: Final = 1_400
"""Bytes of markup around one exchange, at most."""

_SENT: Final = frozenset({"Content-Type", "content-type", "Authorization", "authorization"})
"""The headers of a request that its command repeats."""

_SHOWN: Final = frozenset({State.FAIL, State.WARN, State.UNKNOWN, State.ERROR})

SENDERS: Final = {
    "to_merchant": "Tayari → merchant",
    "to_daraja": "merchant → Daraja",
    "callback": "Daraja → merchant",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One exchange as the page shows it."""

    anchor: str
    exchange: Exchange
    sender: str
    after: str
    """Time since the first exchange of the same check: `+0.42 s`."""
    request: str
    response: str
    curl: str
    """The request as a command; empty where the merchant does not answer it."""
    decisive: bool
    """Whether the reader should look here first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One outcome that opens to its proof."""

    anchor: str
    outcome: Outcome
    exchanges: tuple[Shown, ...]
    left_out: int
    """Exchanges that are only in `run.json`, to keep the page small."""
    fingerprints: tuple[str, ...] = ()
    """What a waiver of this failure would name."""


def text(value: object) -> Markup:
    """Escape for element content. Quotation marks stay as they are there: JSON would grow by half."""
    return Markup(str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def anchor(rule: str) -> str:
    """The element id of a rule: the rule's own id, as `report.html#C03` has it."""
    return "-".join(rule.split())


def findings(judgement: Judgement) -> dict[str, tuple[Finding, ...]]:
    """Findings by section, gravest first; the gravest have the first call on the budget of evidence."""
    others = [one for one in judgement.outcomes if one.state in {State.UNKNOWN, State.ERROR} and not one.rule.blocking]
    purse = _Purse(BUDGET)
    return {
        "blocking": _findings(judgement.blocking, purse),
        "missing": _findings(open_questions(judgement), purse),
        "waived": _findings(judgement.waived, purse),
        "minor": _findings(judgement.minor, purse),
        "open": _findings(others, purse),
    }


class _Purse:
    """Counts down the bytes that are left for evidence."""

    def __init__(self, left: int) -> None:
        self.left = left

    def pay(self, cost: int) -> bool:
        if cost > self.left:
            return False
        self.left -= cost
        return True


def _findings(found: Iterable[Outcome], purse: _Purse) -> tuple[Finding, ...]:
    return tuple(_finding(one, purse) for one in found)


def _finding(one: Outcome, purse: _Purse) -> Finding:
    shown: list[Shown] = []
    left_out = 0
    decisive = decisive_exchange(one)
    for check in one.checks:
        for exchange in check.evidence if check.state in _SHOWN else ():
            made = _shown(f"{anchor(one.rule.id)}-{len(shown) + 1}", exchange, check, decisive=exchange is decisive)
            if purse.pay(_cost(made)):
                shown.append(made)
            else:
                left_out += 1
    prints = tuple(dict.fromkeys(check.fingerprint for check in one.checks if check.fingerprint))
    return Finding(
        anchor=anchor(one.rule.id), outcome=one, exchanges=tuple(shown), left_out=left_out, fingerprints=prints
    )


def _shown(name: str, exchange: Exchange, check: Check, *, decisive: bool) -> Shown:
    return Shown(
        decisive=decisive,
        curl=_curl(exchange),
        anchor=name,
        exchange=exchange,
        sender=SENDERS.get(exchange.kind, exchange.kind),
        after=f"+{max(0.0, exchange.at - check.evidence[0].at):.2f} s",
        request=_body(exchange.request_body),
        response=_body(exchange.response_body),
    )


def _curl(exchange: Exchange) -> str:
    """The request as a command, where the merchant is who answers it. What is masked stays masked."""
    repeatable = exchange.kind != "to_daraja" and exchange.url.startswith("http")
    if not repeatable or len(exchange.request_body) > LONGEST_BODY:
        return ""
    words = [f"curl -i -X {exchange.method or 'GET'} {shlex.quote(exchange.url)}"]
    words += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in exchange.request_headers if name in _SENT]
    words += [f"--data-raw {shlex.quote(exchange.request_body)}"] if exchange.request_body else []
    return " \\\n  ".join(words)


def _cost(shown: Shown) -> int:
    exchange = shown.exchange
    headers = (*exchange.request_headers, *exchange.response_headers)
    parts = (
        shown.request,
        shown.response,
        shown.curl,
        exchange.url,
        exchange.title,
        *(f"{name}{value}" for name, value in headers),
    )
    return _FRAME + sum(len(text(part).encode("utf-8", "replace")) for part in parts)


def _body(body: str) -> str:
    """A body in a form that reads well: JSON is indented, the rest is left as it is."""
    try:
        value = json.loads(body) if body.lstrip()[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        value = None
    readable = body if value is None else json.dumps(value, indent=2, ensure_ascii=False)
    if len(readable) <= LONGEST_BODY:
        return readable
    return f"{readable[:LONGEST_BODY]}\n… {len(readable) - LONGEST_BODY} more characters in run.json"
