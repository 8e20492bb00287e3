"""`tayari trigger`: any callback to any allowed URL, and what the merchant answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from tayari_control.client import TOKEN_VARIABLE, ControlClient, ControlError
from tayari_control.simulator_process import CallbackRoute, SimulatorOptions, SimulatorStartError, start_simulator
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_simulator.apis.stk.stk_callback import SOURCE_ADDRESSES
from tayari_simulator.catalogue.results import RESULTS
from tayari_simulator.state.behaviour import Call
from tayari_target.resources import scenario_folder

from tayari.cli.command_options import ControlOption, FormatOption, ScenariosOption
from tayari.cli.output import Format, Output, redacted

Json = dict[str, Any]

_ID_OF: Final[Mapping[str, str]] = {
    "stk_push": "Body.stkCallback.CheckoutRequestID",
    "c2b": "TransID",
    "bonga_redeem": "TransID",
    "b2b_express": "requestId",
    "ratiba": "responseHeader.responseRefID",
    "c2b_validation": "TransID",
    "c2b_confirmation": "TransID",
    "bill_payment_push": "transactionId",
}
"""Where a message names its payment, by the kind of the payment or its own name; in a result of the other kinds, it
is the ConversationID."""
_LARGEST: Final = 1_000_000
"""Bytes of a body: a callback of Daraja has less than a thousand."""


_REWRITE: Final = re.compile(r" or rewrite it \(--rewrite [^)]*\)")
"""What a simulator of one's own start could do, and this command's cannot."""
_REFUSED: Final = frozenset({401, 403})


KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind", metavar="NAME", help="With a result code: the call it is a result of: stk_push, c2b, b2c, ..."
    ),
]
MessageOption = Annotated[
    str | None,
    typer.Option(
        "--message", metavar="NAME", help=f"Send this message, without an EVENT: {', '.join(Call.MESSAGES[1:])}."
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--control-token", envvar=TOKEN_VARIABLE, metavar="TOKEN", show_default=False,
        help="The control_token of the ready line of the simulator that sends.",
    ),
]  # fmt: skip
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="A change: Body.stkCallback.ResultCode=1; VALUE is JSON, else text."
    ),
]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="NAME=VALUE", help="Such as X-Forwarded-For=196.201.214.200 (repeatable)."),
]


class _BadInput(ValueError):
    """What cannot be sent, and what to write instead."""


def trigger(
    *,
    event: Annotated[
        str | None, typer.Argument(help="A scenario (payment/insufficient-funds) or a result code; not with --body.")
    ] = None,
    kind: KindOption = None,
    message: MessageOption = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="Where the merchant takes callbacks.", show_default=False)
    ] = None,
    msisdn: Annotated[str | None, typer.Option("--msisdn", help="The payer, as 254712345678.")] = None,
    amount: Annotated[int | None, typer.Option("--amount", min=1, help="The amount in shillings.")] = None,
    checkout_request_id: Annotated[
        str | None, typer.Option("--checkout-request-id", metavar="ID", help="The payment that the callback is about.")
    ] = None,
    changes: SetOption = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="PATH", help="A key that is left out.")] = None,
    body: Annotated[Path | None, typer.Option("--body", help="Send the content of this file.", metavar="FILE")] = None,
    header: HeaderOption = None,
    times: Annotated[int, typer.Option("--times", min=1, max=1000, help="How often it is sent.")] = 1,
    parallel: Annotated[bool, typer.Option("--parallel", help="Send all at once.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="HOST", help="A host beyond loopback that may be called."),
    ] = None,
    scenarios: ScenariosOption = None,
    control: ControlOption = None,
    control_token: TokenOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Send a callback, and show what the merchant answers.

    With --control, the simulator that runs there sends it, and --checkout-request-id names one of its payments.
    Exit code: 0 if the answer was 2xx, 10 any other answer, 20 bad input, 21 no answer.
    """
    output = Output(form)
    try:
        request = _body_of(event, body, message)
        given = {"url": to, "kind": kind, "msisdn": msisdn, "amount": amount, "drop": drop, "parallel": parallel}
        request |= {key: value for key, value in given.items() if value is not None}
        request |= {"set": _changes(changes or ()), "headers": _headers(header or ()), "times": times}
        _name_payment(request, checkout_request_id, own=control is None or body is not None)
        _check(request, control, [*(allow_host or ()), *(scenarios or ())])
        with _client(control, allow_host or (), scenarios or (), control_token) as client:
            answers = client.send_callback(**request)
    except _BadInput as error:
        raise output.fail(str(error), Exit.BAD_CONFIGURATION) from error
    except ControlError as error:
        raise output.fail(redacted(_problem(error, event, own=control is None)), Exit.BAD_CONFIGURATION) from error
    except SimulatorStartError as error:
        raise output.fail(str(error), Exit.OUR_FAILURE) from error
    _say(redacted(answers), output)


def _body_of(event: str | None, file: Path | None, message: str | None) -> Json:
    """What the callback is made from: a result code, a scenario or a file; or it is a message of this name."""
    if message is not None:
        if event is not None or file is not None:
            raise _BadInput("--message is given alone: found an EVENT or --body as well; leave one of them out")
        return {"message": message}
    if (event is None) == (file is None):
        problem = "expected an EVENT (a scenario or a result code) or --body FILE"
        raise _BadInput(f"{problem}, found {'neither' if event is None else 'both'}")
    if file is not None:
        return _read(file)
    codes = {str(row.code).upper(): row.code for row in RESULTS}
    known = codes.get(str(event).upper())
    if known is not None:
        return {"result_code": known}
    return {"result_code": event} if str(event).isdecimal() else {"scenario": event}


def _read(file: Path) -> Json:
    """A body that is JSON can be changed; anything else goes out as it is."""
    try:
        data = file.read_bytes()
        if len(data) > _LARGEST:
            raise _BadInput(f"{file} has {len(data)} bytes; expected {_LARGEST} at most")
        text = data.decode()
    except OSError as error:
        raise _BadInput(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _BadInput(f"{file}: not text in UTF-8 (byte {error.start})") from error
    value, is_json = _decoded(text)
    return {"body": value} if is_json else {"raw": text}


def _changes(written: Sequence[str]) -> Json:
    found: Json = {}
    for one in written:
        path, equals, text = one.partition("=")
        if not (path and equals):
            raise _BadInput(f"--set {one}: expected PATH=VALUE, as Body.stkCallback.ResultCode=1")
        found[path] = _decoded(text)[0]
    return found


def _headers(written: Sequence[str]) -> dict[str, str]:
    """Of `NAME=VALUE`, and of `NAME: VALUE` as curl has it."""
    found = {}
    for one in written:
        name, between, value = ([*re.split(r"([=:])", one, maxsplit=1), "", ""])[:3]
        if not (name.strip() and between):
            raise _BadInput(f"--header {one}: expected NAME=VALUE, as X-Forwarded-For=196.201.214.200")
        found[name.strip()] = value.strip()
    return found


def _decoded(text: str) -> tuple[object, bool]:
    """JSON as it is on the wire, where NaN and 1e999 are no numbers; anything else is text."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text, False
    return value, True


def _name_payment(request: Json, checkout_request_id: str | None, *, own: bool) -> None:
    """A simulator of its own has no payments, and so only the body can name one; a running one knows its payments."""
    if checkout_request_id is None:
        return
    if not own:
        request["checkout_request_id"] = checkout_request_id
    elif "raw" in request:
        raise _BadInput("--checkout-request-id needs a JSON body; what is in the --body file is sent as it is")
    else:
        kind = request.get("message") or request.get("kind", "stk_push")
        place = _ID_OF.get(kind, "Result.ConversationID")
        request["set"] = {place: checkout_request_id, **request["set"]}


def _check(request: Json, control: str | None, own_options: Sequence[object]) -> None:
    if "url" not in request and "checkout_request_id" not in request:
        raise _BadInput("nowhere to send it; give --to URL, or --control URL with --checkout-request-id")
    if control is not None and own_options:
        raise _BadInput("--allow-host and --scenarios are the running simulator's; give them to `tayari simulate`")


@contextmanager
def _client(
    control: str | None, hosts: Sequence[str], folders: Sequence[Path], token: str | None
) -> Iterator[ControlClient]:
    """The simulator that runs, or one for this moment."""
    with ExitStack() as opened:
        if control is None:
            route = CallbackRoute(allow_hosts=tuple(hosts))
            own = start_simulator(SimulatorOptions(scenarios=(scenario_folder(), *folders), callbacks=route))
            simulator = opened.enter_context(own)
            control, token = simulator.control_url, simulator.control_token
        yield opened.enter_context(closing(ControlClient(control, token=token or "")))


def _problem(error: ControlError, event: str | None, *, own: bool) -> str:
    """The refusal; a code that was mistyped is named too."""
    if error.status is None:
        return f"{error}; start one with `tayari simulate`, or leave --control out"
    if error.code == "target_refused" and own:
        return _REWRITE.sub(", or give --to an address on this machine", str(error))
    if error.code != "unknown_scenario" or "did you mean" in str(error):
        return str(error)
    return f"{error}{suggestion((event or '').upper(), [str(row.code) for row in RESULTS])}"


def _say(answers: Sequence[Mapping[str, Any]], output: Output) -> None:
    """All answers, and the exit code that they make."""
    statuses = [row["status"] for row in answers]
    if not answers:
        raise output.fail("this scenario sends no callback: there is nothing to trigger", Exit.BAD_CONFIGURATION)
    answered = all(status is not None and 200 <= status < 300 for status in statuses)
    nobody = all(status is None for status in statuses)
    code = Exit.OK if answered else Exit.MERCHANT_UNREACHABLE if nobody else Exit.NOT_READY
    output.json({"deliveries": list(answers), "exit_code": int(code)})
    cells = [
        (
            row["url"],
            str(row["status"] or "no answer"),
            f"{row['duration_s'] * 1000:.0f} ms",
            row["error"] or row["body"],
        )
        for row in answers
    ]
    output.table(("url", "status", "took", "answer"), cells)
    if _REFUSED.intersection(statuses):
        output.text(
            "refused: where the merchant lets in only Safaricom's addresses, name one in the header that it reads, as "
            f"--header X-Forwarded-For={SOURCE_ADDRESSES[0]}",
            style="yellow",
        )
    raise typer.Exit(int(code))
