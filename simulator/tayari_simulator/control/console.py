"""`GET /`: the live page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from string import Template
from typing import Any, Final

from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.transport.simulator import Simulator
from tayari_simulator.transport.views import transaction_dict

Json = dict[str, Any]
RECENT: Final = 25
"""Payments and scenarios shown; the API has the rest."""
EAT: Final = timedelta(hours=3)
_COUNTERS: Final = (
    ("accepted", "tayari_transactions_accepted_total"),
    ("called back", "tayari_callbacks_answered_total"),
    ("no answer", "tayari_callbacks_failed_total"),
    ("prompts open", "tayari_payments_pending"),
    ("calls refused", "tayari_refusals_total"),
    ("journal dropped", "tayari_journal_dropped_total"),
)


PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tayari simulator</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --soft: #8881;
          --paid: #12833b; --failed: #c0271f; --prompted: #a86400; }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 76rem; }
  h1 { font-size: 1.4rem; margin: 0; }
  h1 code { font-weight: 500; }
  h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
  .facts { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .4rem 0 1rem; opacity: .85; }
  .cards { display: flex; flex-wrap: wrap; gap: .8rem; }
  .card { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; min-width: 7rem;
          background: var(--soft); }
  .number { font-size: 1.6rem; font-weight: 650; font-variant-numeric: tabular-nums; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-weight: 600; opacity: .7; }
  i { font-style: normal; font-weight: 650; }
  i.paid { color: var(--paid); } i.failed { color: var(--failed); } i.prompted { color: var(--prompted); }
  .empty { opacity: .7; padding: 1rem 0; }
  .stale { outline: 2px solid var(--failed); outline-offset: .5rem; }
</style>
</head>
<body>
<main>
<h1>Daraja is played at <code>$daraja_url</code></h1>
<div class="facts">$facts</div>
<div class="cards">$counters</div>
<h2>Recent transactions</h2>
<div class="scroll"><table>
<tr><th>EAT</th><th>Call</th><th>MSISDN</th><th>KES</th><th>Reference</th><th>Scenario</th>
<th>State</th><th>Callback answered</th></tr>
$payments
</table></div>
<h2>Loaded scenarios</h2>
<div class="scroll"><table>
<tr><th>Name</th><th>Call</th><th>About</th></tr>
$scenarios
</table></div>
</main>
<script>
  async function renew() {
    const main = document.querySelector("main");
    try {
      const text = await (await fetch("/")).text();
      main.innerHTML = new DOMParser().parseFromString(text, "text/html").querySelector("main").innerHTML;
      main.classList.remove("stale");
    } catch (error) {
      main.classList.add("stale");
    }
  }
  setInterval(() => document.hidden || renew(), 1000);
</script>
</body>
</html>
"""


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
        "payments": [transaction_dict(row) for row in simulator.daraja.state.transactions.all()[-RECENT:]],
        "scenarios": [[row.name, row.when.endpoint, row.about] for row in selector.scenarios()],
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
        or '<tr><td colspan="8" class="empty">No transaction yet: call an API at the address above.</td></tr>'
    )


def _payment(row: Mapping[str, Any]) -> str:
    failed = row["state"] == "failed"
    code = f"{row['result_code']} {row['result_desc']}" if failed else ""
    cells = (
        f"{datetime.fromtimestamp(row['created_at'], UTC) + EAT:%H:%M:%S}",
        row["kind"],
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
