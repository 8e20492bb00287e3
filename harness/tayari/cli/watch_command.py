"""`tayari watch`: what happens in a running simulator, live; in a terminal one can look closer and send again."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from tayari_formats.exit_codes import Exit
from tayari_target.resources import CONTROL_PORT

from tayari.cli.command_options import FormatOption
from tayari.cli.output import Format, Output, redacted
from tayari.cli.trigger_command import TokenOption

if TYPE_CHECKING:
    from tayari_control.client import ControlClient

Json = Mapping[str, Any]
Row = tuple[str, str]
"""A line, and the style that it is printed in."""
_MOST_KEPT: Final = 10_000
_STYLES: Final = {"paid": "green", "failed": "red", "prompted": "yellow"}
_HELP: Final = (
    "N: payment N, closer   r N: send its callback again   /WORDS: only rows with them   /: all rows   q: end"
)


def watch(
    *,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Control URL of the simulator.")
    ] = f"http://127.0.0.1:{CONTROL_PORT}",
    msisdn: Annotated[str | None, typer.Option("--msisdn", help="Only this number, as 254712345678.")] = None,
    words: Annotated[
        str, typer.Option("--filter", metavar="WORDS", help="Only rows that have all of these words.")
    ] = "",
    latest: Annotated[
        int, typer.Option("--latest", min=0, max=1000, help="How many earlier payments are shown first.")
    ] = 20,
    once: Annotated[bool, typer.Option("--once", help="Print what there is, and end.")] = False,
    control_token: TokenOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show the timeline of a running simulator in the terminal.

    With --format json it prints one line of JSON for each event. In a terminal, a number shows the details of that
    payment, `r` and a number sends its callback again, `/words` filters.
    Exit code: 0 if the simulator or you ended it, 20 if there is no simulator.
    """
    from tayari_control.client import ControlClient, ControlError

    output, client = Output(form), ControlClient(url, token=control_token or "")
    timeline = PaymentTimeline(words)
    try:
        for number, event in enumerate(client.events(msisdn=msisdn, latest=latest)):
            _print(timeline.rows(event), event, output)
            if once:
                break
            if number == 0 and form is Format.TEXT and sys.stdin.isatty():
                output.text(_HELP, style="dim")
                threading.Thread(target=_commands, args=(timeline, client, output), daemon=True).start()
        if not once:
            output.text("the simulator ended", style="dim")
    except ControlError as error:
        more = "" if error.status else "; start one with `tayari simulate`, or give its control URL"
        raise output.fail(f"{error}{more}", Exit.BAD_CONFIGURATION) from error
    except KeyboardInterrupt:
        raise typer.Exit(int(Exit.OK)) from None
    finally:
        client.close()


class PaymentTimeline:
    """The payments so far, each with a number; rows are made of events."""

    def __init__(self, words: str = "") -> None:
        self.words = words
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._last: dict[str, str] = {}

    def rows(self, event: Json) -> Iterator[Row]:
        """What is new in an event, in the order of time: payments that changed, and calls that belong to none."""
        if event["reset"]:
            yield "everything was forgotten", "dim"
        found: list[tuple[float, Row]] = []
        for payment in event["payments"]:
            line = self._payment(payment)
            if self._last.get(payment["id"]) != line and self._shows(line):
                found.append((payment["created_at"], (redacted(line), _STYLES[payment["state"]])))
            self._last[payment["id"]] = line
        for entry in event["entries"]:
            line = _call(entry)
            if entry["checkout_request_id"] not in self._numbers and self._shows(line):
                style = "" if (entry["status"] or 500) < 400 else "red"
                found.append((entry["virtual_at"], (redacted(line), style)))
        yield from (row for _, row in sorted(found, key=lambda one: one[0]))
        if event["skipped"]:
            yield f"{event['skipped']} left out: they came too fast to show; the journal has them", "dim"
        while len(self._last) > _MOST_KEPT:
            del self._last[next(iter(self._last))]

    def payment(self, number: str) -> str | None:
        """The id of the payment with this number; None: there is none."""
        place = int(number) if number.isdecimal() and len(number) < 9 else 0
        return self._ids[place - 1] if 1 <= place <= len(self._ids) else None

    def _payment(self, row: Json) -> str:
        number = self._numbers.get(row["id"])
        if number is None:
            self._ids.append(row["id"])
            number = self._numbers[row["id"]] = len(self._ids)
        outcome = row["receipt"] if row["state"] == "paid" else f"{row['result_code']} {row['result_desc']}"
        callbacks = [str(call["status"] or call["error"] or "under way") for call in row["callbacks"]]
        parts = (
            f"{number:>4}", _eat(row["created_at"]), f"{row['kind']:<9}", row["msisdn"], f"KES {row['amount']:,}",
            row["account_reference"], row["state"], "" if row["state"] == "prompted" else outcome,
            f"callback {', '.join(callbacks)}" if callbacks else "", row["scenario"],
        )  # fmt: skip
        return "  ".join(filter(None, parts))

    def _shows(self, line: str) -> bool:
        return all(word in line.lower() for word in self.words.lower().split())


def _call(entry: Json) -> str:
    """An exchange that belongs to no payment."""
    answered = str(entry["status"] or entry["error"] or "no answer")
    path = entry["url"].partition("?")[0]
    parts = ("    ", _eat(entry["virtual_at"]), f"{entry['endpoint']:<9}", entry["msisdn"], f"{entry['method']} {path}",
             answered, entry["note"])  # fmt: skip
    return "  ".join(filter(None, parts))


def _eat(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC) + timedelta(hours=3):%H:%M:%S}"


def _print(rows: Iterator[Row], event: Json, output: Output) -> None:
    """The rows of an event; or the event as one line of JSON, masked."""
    if output.form is Format.JSON:
        print(json.dumps(redacted(dict(event))), flush=True)  # noqa: T201 - escapes are harmless to terminals
        return
    for line, style in rows:
        output.text(line, style=style)


def _commands(timeline: PaymentTimeline, client: ControlClient, output: Output) -> None:
    """Do what is typed, line by line."""
    for line in sys.stdin:
        if line.strip() == "q":
            output.text("press Ctrl+C to leave")
        else:
            act(line.strip(), timeline, client, output)


def act(line: str, timeline: PaymentTimeline, client: ControlClient, output: Output) -> None:
    """One command that was typed."""
    from tayari_control.client import ControlError

    if line.startswith("/"):
        timeline.words = line[1:].strip()
        output.text(f"only rows with: {timeline.words}" if timeline.words else "all rows", style="dim")
        return
    again = line.startswith("r ")
    payment = timeline.payment(line.removeprefix("r ").strip())
    if payment is None:
        output.text(f"found {line!r}; {_HELP}" if line else _HELP, style="dim")
        return
    try:
        if again:
            _send_again(payment, client, output)
        else:
            _look_closer(payment, client, output)
    except ControlError as error:
        output.text(str(error), style="red")


def _send_again(payment: str, client: ControlClient, output: Output) -> None:
    for row in redacted(client.send_callback(checkout_request_id=payment)):
        output.text(f"sent again: {row['status'] or row['error']} {row['body']}")


def _look_closer(payment: str, client: ControlClient, output: Output) -> None:
    from tayari.cli.explain_command import say_payment

    explanation = redacted(client.explain(payment))
    for row in explanation["payments"]:
        say_payment({**row, "remarks": []}, output)
