"""`tayari explain`: what a code means, or what happened to a payment and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_simulator.catalogue.advice import RETRY
from tayari_simulator.catalogue.errors import REFUSALS, Refusal
from tayari_simulator.catalogue.results import RESULTS, ResultCode
from tayari_target.resources import CONTROL_PORT

from tayari.cli.command_options import FormatOption
from tayari.cli.output import Format, Output, redacted

Json = Mapping[str, Any]

DEFAULT_CONTROL: Final = f"http://127.0.0.1:{CONTROL_PORT}"
_PAYMENT: Final = re.compile(r"ws_CO_\w+|(?:\+?254|0)[17]\d{8}|(?=.*[A-Z])(?=.*\d)[A-Z0-9]{10}")
"""CheckoutRequestID, MSISDN or receipt. Source: reference 1.5, 3.1."""
_LOCAL: Final = re.compile(r"\+?254|0")


def explain(
    what: Annotated[
        str, typer.Argument(metavar="CODE|PAYMENT", help="A code, or a CheckoutRequestID, receipt, MSISDN.")
    ],
    control: Annotated[
        str, typer.Option("--control", metavar="URL", help="Control URL of the simulator that had the payment.")
    ] = DEFAULT_CONTROL,
    ids: Annotated[
        bool,
        typer.Option("--ids", help="Show CheckoutRequestIDs whole: each ends in nine digits of its payer's number."),
    ] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Explain a code, or a payment that a running simulator had.

    For a result code (1032), an error code (500.001.1001) or an HTTP status (503): what it means, what to tell the
    customer, and whether to try again. For a payment: which scenario it played and why, what happened, what was
    refused.
    """
    output = Output(form)
    if _explain_code(what, output):
        return
    if not _PAYMENT.fullmatch(what) and control == DEFAULT_CONTROL:
        known = {
            *(str(row.code) for row in RESULTS),
            *(word for row in REFUSALS for word in row.words()),
        }
        problem = f"{what} is not a code or a payment that we know{suggestion(what, known)}"
        raise output.fail(problem, Exit.BAD_CONFIGURATION)
    _explain_payments(_explanation(what, control, output, ids=ids), output)


def _explain_code(code: str, output: Output) -> bool:
    """Say what is known of a code; false: nothing is."""
    results = [row for row in RESULTS if str(row.code).upper() == code.upper()]
    refusals = [row for row in REFUSALS if code.upper() in {word.upper() for word in row.words()}]
    if not (results or refusals):
        return False
    output.json({
        "results": [row.to_dict() for row in results],
        "errors": [row.to_dict() for row in refusals if row.kind == "error"],
        "gateway": [row.to_dict() for row in refusals if row.kind == "gateway"],
    })  # fmt: skip
    for row in results:
        _say(f"{row.code}  {row.text or '(text not established)'}", [("apis", " ".join(row.apis))], row, output)
    for refusal in refusals:
        where = ", from the gateway" if refusal.kind == "gateway" else ""
        head = f"{refusal.code}  HTTP {refusal.status}{where}  {refusal.text or '(no message)'}"
        _say(head, [("name", refusal.name)], refusal, output)
    if refusals:
        output.text("Said of a payment that could not be started; a refused status query says nothing of the payment.")
    output.text("What to say is this project's own wording, not Safaricom's.", style="dim")
    return True


def _say(head: str, more: list[tuple[str, str]], row: ResultCode | Refusal, output: Output) -> None:
    """One code: its meaning, the words for the customer, whether to try again, and the source."""
    words, retry = (row, row.retry) if isinstance(row, ResultCode) else (row.advice, row.advice.retry)
    cells = [*more, ("meaning", row.meaning)]
    if words.say_en:
        cells += [("say", words.say_en), ("sema", words.say_sw)]
    else:
        cells += [("say", "nothing to a customer" + (": alert staff" if retry in {"after fix", "new token"} else ""))]
    output.text(head, style="bold")
    output.table(("", ""), [*cells, ("retry", f"{retry}: {RETRY[retry]}"), ("source", f"{row.mark}, {row.source}")])


def _explanation(payment: str, control: str, output: Output, *, ids: bool) -> Json:
    """What the simulator knows of a payment, masked but for the identifiers that were asked for, with our remarks."""
    from tayari_control.client import ControlClient, ControlError

    is_number = _PAYMENT.fullmatch(payment) and payment.lstrip("+").isdigit()
    try:
        with closing(ControlClient(control)) as client:
            known = client.explain(quote(_LOCAL.sub("254", payment, count=1) if is_number else payment, safe=""))
    except ControlError as error:
        more = "" if error.status else "; start one with `tayari simulate`, or give its --control URL"
        raise output.fail(redacted(f"{error}{more}"), Exit.BAD_CONFIGURATION) from error
    explanation: dict[str, Any] = redacted(known)
    for row, whole in zip(explanation["payments"], known["payments"], strict=True):
        row["remarks"] = [remark for event in row["events"] if (remark := _remark(event))]
        if ids:
            row["payment"]["checkout_request_id"] = whole["payment"]["checkout_request_id"]
    return explanation


def _remark(event: Json) -> str:
    """What is to be known of a callback that the merchant did not take; empty of every other event."""
    if "callback" not in event["event"]:
        return ""
    if event.get("error"):
        return f"a callback was not delivered: {event['error']}"
    status = event.get("status")
    if status is None or 200 <= status < 300:
        return ""
    why = (
        "; where the merchant lets in only Safaricom's addresses, name the header in which it reads the caller's: "
        "callbacks.source_header in the target file, `tayari simulate --source-header NAME`"
    )
    return f"a callback was answered {status}: the merchant did not take it{why if status in {401, 403} else ''}"


def _explain_payments(explanation: Json, output: Output) -> None:
    output.json(explanation)
    for row in explanation["payments"]:
        say_payment(row, output)
    if any("•" in row["payment"]["checkout_request_id"] for row in explanation["payments"]):
        output.text(
            "the identifier ends in the payer's number; --ids shows it whole, as `tayari trigger` needs it", style="dim"
        )
    if not explanation["refusals"]:
        output.text(f"no call of {explanation['msisdn']} was refused", style="dim")
        return
    output.text(f"refusals of {explanation['msisdn']}", style="bold")
    output.table(
        ("seq", "call", "answer", "why"), [cells for row in explanation["refusals"] for cells in _refused(row)]
    )


def say_payment(row: Json, output: Output) -> None:
    """A payment with its choice, its events and our remarks, masked before."""
    payment, chosen = row["payment"], row["chosen"]
    head = f"{payment['checkout_request_id']}  {payment['msisdn']}  KES {payment['amount']}"
    output.text(f"{head}  {payment['account_reference']}", style="bold")
    ended = [] if payment["result_code"] is None else [f"{payment['result_code']} {payment['result_desc']}"]
    output.text(": ".join(["  ".join(filter(None, (payment["state"], payment["receipt"]))), *ended]))
    output.text(f"played {chosen['scenario'] or 'no scenario'}: {chosen['why']}")
    output.text()
    output.table(("", "chosen by", "scenario", "why"), [cells for way in row["considered"] for cells in _way(way)])
    output.text()
    output.table(("after", "event", "state", "what"), [_event(event) for event in row["events"]])
    for remark in dict.fromkeys(row["remarks"]):
        output.text(remark, style="yellow")
    output.text()


def _way(row: Json) -> Iterator[tuple[str, ...]]:
    yield ("->" if row["matched"] else "", row["way"], row["scenario"] or "", row["why"])
    for near in row["near"]:
        yield ("", "", near["scenario"], f"did not play: {near['why']}")


def _event(row: Json) -> tuple[str, ...]:
    moved = f"{row['before'] or 'none'} -> {row['after']}" if row["before"] != row["after"] else row["after"]
    details = [f"{row['result_code']} {row['result_desc']}"] if "result_code" in row else []
    details += [f"answered {row['status']}"] if row.get("status") else []
    details += [row[key] for key in ("note", "error") if row.get(key)]
    details += [f"{key}: {row[key]}" for key in ("callback", "answer") if row.get(key)]
    return f"{row['after_s']:.3f} s", row["event"], moved, "\n".join(details)


def _refused(row: Json) -> Iterator[tuple[str, ...]]:
    """A row for the first reason, which is Daraja's own words, and one for each true reason."""
    answered = "no answer" if row["status"] is None else f"HTTP {row['status']}"
    yield str(row["seq"]), row["endpoint"], f"{answered} {row['code'] or ''}".rstrip(), row["message"] or ""
    for reason in row["reasons"]:
        yield "", "", "", f"- {reason}"
