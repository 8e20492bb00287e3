"""`tayari explain`: what a code means, or what happened to a payment and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from tayari_simulator.core.edge import GATEWAY_FAULTS, PAGES, GatewayFault, Page
from tayari_simulator.core.errors import ERROR_LIST, ErrorSpec
from tayari_simulator.core.results import RESULTS, ResultCode

from tayari.cli.options import FormatOption
from tayari.cli.redacted import redacted
from tayari.cli.speech import Format, Speech
from tayari.control.client import ControlClient, ControlError
from tayari.merchant.stage_options import CONTROL_PORT
from tayari.run.findings import Exit
from tayari.run.nearest import suggestion

Json = Mapping[str, Any]

DEFAULT_CONTROL: Final = f"http://127.0.0.1:{CONTROL_PORT}"
_PAYMENT: Final = re.compile(r"ws_CO_\w+|(?:\+?254|0)[17]\d{8}|(?=.*[A-Z])(?=.*\d)[A-Z0-9]{10}")
"""CheckoutRequestID, MSISDN or receipt. Source: reference 2, 3.1."""
_LOCAL: Final = re.compile(r"\+?254|0")


def explain(
    what: Annotated[
        str, typer.Argument(metavar="CODE|PAYMENT", help="A code, or a CheckoutRequestID, receipt, MSISDN.")
    ],
    control: Annotated[
        str, typer.Option("--control", metavar="URL", help="Control URL of the simulator that had the payment.")
    ] = DEFAULT_CONTROL,
    form: FormatOption = Format.TEXT,
) -> None:
    """A code, or a payment that a running simulator had.

    Of a result code (1032), an error code (500.001.1001) or an HTTP status (503): meaning, words to say, retry.
    Of a payment: which scenario it met and why, what happened, what was refused.
    """
    speech = Speech(form)
    if _explain_code(what, speech):
        return
    if not _PAYMENT.fullmatch(what) and control == DEFAULT_CONTROL:
        known = {
            *(str(row.code) for row in RESULTS),
            *(word for row in (*ERROR_LIST, *_edge()) for word in _words(row)),
        }
        problem = f"{what} is not a code or a payment that we know{suggestion(what, known)}"
        raise speech.fail(problem, Exit.BAD_CONFIGURATION)
    _explain_payments(_told(what, control, speech), speech)


def _explain_code(code: str, speech: Speech) -> bool:
    """Say what is known of a code; false: nothing is."""
    results = [row for row in RESULTS if str(row.code).upper() == code.upper()]
    errors = [row for row in ERROR_LIST if code in _words(row)]
    gateway = [row for row in _edge() if code in _words(row)]
    if not (results or errors or gateway):
        return False
    speech.json({
        "results": [row.to_dict() for row in results],
        "errors": [{"code": row.code, "text": row.message, **_refusal(row)} for row in errors],
        "gateway": [{"name": row.name, **_refusal(row)} for row in gateway],
    })  # fmt: skip
    for row in results:
        _say_result(row, speech)
    for error in errors:
        speech.text(f"{error.code}  HTTP {error.status}  {error.message or 'no message'}", style="bold")
        speech.table(("", ""), [("meaning", error.when), ("source", f"{error.mark}, {error.source}")])
    for page in gateway:
        speech.text(f"{page.name}  HTTP {page.status}, from the gateway", style="bold")
        speech.table(("", ""), [("meaning", page.when), ("source", f"{page.mark}, {page.source}")])
    return True


def _say_result(row: ResultCode, speech: Speech) -> None:
    speech.text(f"{row.code}  {row.text}", style="bold")
    cells = [("apis", " ".join(row.apis)), ("meaning", row.meaning), ("say", row.say_en), ("sema", row.say_sw)]
    speech.table(("", ""), [*cells, ("retry", row.retry), ("source", f"{row.mark}, {row.source}")])


def _edge() -> tuple[GatewayFault | Page, ...]:
    return (*GATEWAY_FAULTS.values(), *PAGES.values())


def _words(row: ErrorSpec | GatewayFault | Page) -> set[str]:
    """What finds a refusal: its name, its HTTP status, its code."""
    return {row.name, str(row.status), *([row.code] if isinstance(row, ErrorSpec) else [])}


def _refusal(row: ErrorSpec | GatewayFault | Page) -> dict[str, object]:
    return {"status": row.status, "meaning": row.when, "mark": str(row.mark), "source": row.source}


def _told(payment: str, control: str, speech: Speech) -> Json:
    """What the simulator knows of a payment, masked."""
    is_number = _PAYMENT.fullmatch(payment) and payment.lstrip("+").isdigit()
    client = ControlClient(control)
    try:
        told: Json = redacted(
            client.explain(quote(_LOCAL.sub("254", payment, count=1) if is_number else payment, safe=""))
        )
    except ControlError as error:
        more = "" if error.status else "; start one with `tayari simulate`, or give its --control URL"
        raise speech.fail(redacted(f"{error}{more}"), Exit.BAD_CONFIGURATION) from error
    finally:
        client.close()
    return told


def _explain_payments(told: Json, speech: Speech) -> None:
    speech.json(told)
    for row in told["payments"]:
        _say_payment(row, speech)
    if not told["refusals"]:
        speech.text(f"no call of {told['msisdn']} was refused", style="dim")
        return
    speech.text(f"refusals of {told['msisdn']}", style="bold")
    speech.table(("seq", "call", "answer", "why"), [cells for row in told["refusals"] for cells in _refused(row)])


def _say_payment(row: Json, speech: Speech) -> None:
    payment, chosen = row["payment"], row["chosen"]
    head = f"{payment['checkout_request_id']}  {payment['msisdn']}  KES {payment['amount']}"
    speech.text(f"{head}  {payment['account_reference']}", style="bold")
    ended = [] if payment["result_code"] is None else [f"{payment['result_code']} {payment['result_desc']}"]
    speech.text(": ".join(["  ".join(filter(None, (payment["state"], payment["receipt"]))), *ended]))
    speech.text(f"played {chosen['scenario'] or 'no scenario'}: {chosen['why']}")
    speech.text()
    speech.table(("", "chosen by", "scenario", "why"), [cells for way in row["considered"] for cells in _way(way)])
    speech.text()
    speech.table(("after", "event", "state", "what"), [_event(event) for event in row["events"]])
    speech.text()


def _way(row: Json) -> Iterator[tuple[str, ...]]:
    yield ("->" if row["matched"] else "", row["way"], row["scenario"] or "", row["why"])
    for near in row["near"]:
        yield ("", "", near["scenario"], f"did not play: {near['why']}")


def _event(row: Json) -> tuple[str, ...]:
    moved = f"{row['before'] or 'none'} -> {row['after']}" if row["before"] != row["after"] else row["after"]
    told = [f"{row['result_code']} {row['result_desc']}"] if "result_code" in row else []
    told += [f"answered {row['status']}"] if row.get("status") else []
    told += [row[key] for key in ("note", "error") if row.get(key)]
    told += [f"{key}: {row[key]}" for key in ("callback", "answer") if row.get(key)]
    return f"{row['after_s']:.3f} s", row["event"], moved, "\n".join(told)


def _refused(row: Json) -> Iterator[tuple[str, ...]]:
    """A row for the first reason, which is Daraja's own words, and one for each true reason."""
    answered = "no answer" if row["status"] is None else f"HTTP {row['status']}"
    yield str(row["seq"]), row["endpoint"], f"{answered} {row['code'] or ''}".rstrip(), row["message"] or ""
    for reason in row["reasons"]:
        yield "", "", "", f"- {reason}"
