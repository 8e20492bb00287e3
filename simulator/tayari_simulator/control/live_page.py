"""`GET /`: what the simulator is doing, for people. One self-contained page that renews itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from string import Template
from typing import Any, Final

from tayari_simulator.control.live_style import PAGE
from tayari_simulator.http.shapes import payment_dict
from tayari_simulator.http.simulator import Simulator
from tayari_simulator.scenario.selector import Selector

Json = dict[str, Any]

RECENT: Final = 25
"""Payments and scenarios shown; the API has the rest."""
EAT: Final = timedelta(hours=3)

_COUNTERS: Final = (
    ("accepted", "tayari_pushes_accepted_total"),
    ("called back", "tayari_callbacks_answered_total"),
    ("no answer", "tayari_callbacks_failed_total"),
    ("pending", "tayari_payments_pending"),
    ("calls refused", "tayari_refusals_total"),
    ("journal dropped", "tayari_journal_dropped_total"),
)


def live_page(simulator: Simulator, selector: Selector) -> str:
    """The page as HTML."""
    return page_of(facts_of(simulator, selector))


def facts_of(simulator: Simulator, selector: Selector) -> Json:
    """All that the page shows, as JSON has it: several processes put theirs together."""
    settings = simulator.settings()
    return {
        "daraja_url": settings["daraja_url"],
        "facts": {
            "profile": settings["profile"],
            "clock": settings["clock"],
            "short code": settings["short_code"],
            "seed": settings["seed"],
            "active scenario": selector.active or "none (success)",
            "queued": selector.queued,
            "version": settings["version"],
        },
        "metrics": simulator.metrics(),
        "payments": [payment_dict(row) for row in simulator.daraja.world.payments.all()[-RECENT:]],
        "scenarios": [[row.name, str(row.when.endpoint), row.about] for row in selector.scenarios()],
    }


def page_of(shown: Json) -> str:
    """The page as HTML. Everything that came from outside is escaped."""
    return Template(PAGE).substitute(
        daraja_url=escape(str(shown["daraja_url"])),
        facts=_facts(shown["facts"]),
        counters="".join(_counter(label, name, shown["metrics"]) for label, name in _COUNTERS),
        payments=_payments(shown["payments"]),
        scenarios=_scenarios(shown["scenarios"]),
    )


def _facts(rows: Mapping[str, Any]) -> str:
    return "".join(f"<span><b>{escape(key)}</b> {escape(str(value))}</span>" for key, value in rows.items())


def _counter(label: str, name: str, metrics: Mapping[str, float]) -> str:
    value = sum(number for key, number in metrics.items() if key.partition("{")[0] == name)
    return f'<div class="card"><div class="number">{value:,.0f}</div>{escape(label)}</div>'


def _payments(rows: Iterable[Mapping[str, Any]]) -> str:
    lines = [_payment(row) for row in reversed(list(rows))]
    return (
        "".join(lines)
        or '<tr><td colspan="7" class="empty">No payment yet: send a push to the address above.</td></tr>'
    )


def _payment(row: Mapping[str, Any]) -> str:
    failed = row["result_code"] is not None and not row["receipt"]
    code = f"{row['result_code']} {row['result_desc']}" if failed else ""
    cells = (
        f"{datetime.fromtimestamp(row['created_at'], UTC) + EAT:%H:%M:%S}",
        row["msisdn"],
        f"{row['amount']:,}",
        row["account_reference"],
        row["scenario"] or "default",
    )
    told = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    state = escape(str(row["state"]))
    detail = escape(f"{row['receipt'] or ''} {code}".strip())
    answers = escape(", ".join(_answer(call) for call in row["callbacks"]) or "-")
    return f'<tr>{told}<td><i class="{state}">{state}</i> <small>{detail}</small></td><td>{answers}</td></tr>'


def _answer(call: Mapping[str, Any]) -> str:
    if call["status"]:
        return f"{call['status']} in {1000 * (call['duration_s'] or 0):.1f} ms"
    return str(call["error"] or "on its way")


def _scenarios(loaded: Iterable[Sequence[str]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(endpoint)}</td><td>{escape(about)}</td></tr>"
        for name, endpoint, about in loaded
    )
    return rows or '<tr><td colspan="3" class="empty">No scenario is loaded.</td></tr>'
