"""F01: odd callbacks are answered in time, crash nothing and credit nobody."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any, Final

from tayari_formats.json_text import read_object
from tayari_money.invariants import shillings

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested, quote, say, times
from tayari_contracts.context.payment import PAID, Payment

OPEN_S: Final = 60.0
"""Seconds for which the prompt is open, so that no result of M-Pesa hides what an odd callback did."""

IN_TIME_S: Final = 5.0
"""An answer after this time is late."""
WAIT_S: Final = 10.0
"""An answer is waited for so long."""
AT_ONCE: Final = 4
MOST: Final = 160
"""The most bodies that are sent."""
CODE: Final = "stkCallback.ResultCode"
"""The part of a callback that decides about money."""
SHAPES_REFUSED: Final = frozenset({400, 413, 415, 422})
"""Statuses with which programs refuse a body that they have read."""


@check("F01")
def odd_callbacks_do_no_harm(context: CheckContext) -> None:
    """Callbacks come for an open payment, each changed in one place; none of them says 0."""
    payment = context.actions.pay_accepted(situation("inline/f01-fuzzed", outcome=after(OPEN_S, result_code=1037)))
    schema = context.control.schemas()["stk_callback"]
    seed = int(context.control.settings()["seed"])
    changed = changed_bodies(schema, genuine(context, payment), random=Random(seed))
    bodies = [(what, raw) for what, raw in changed if not says_success(raw)][-MOST:]
    context.evidence.notes.append(f"{len(bodies)} odd callbacks, seed {seed}")
    answered = send_and_look(context, payment, bodies)
    doubt = credited_after_all(context, payment, len(bodies)) if context.profile.shows_state else None
    problems = [found for what, answer in answered if (found := problem(what, answer))]
    if problems:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise Failed(f"{'; '.join(problems[:3])}{more}; expected 200 or 4xx within {IN_TIME_S:g} s")
    require_reached([answer for _, answer in answered])
    if doubt is not None:
        raise doubt
    if context.profile.shows_state:
        later = context.actions.pay_accepted(situation("inline/f01-afterwards", outcome=after(0.5)))
        context.expectations.paid_once(
            later, within_s=context.time.settled_s, because="odd callbacks had come for another payment"
        )


def send_and_look(
    context: CheckContext, payment: Payment, bodies: Sequence[tuple[str, str]]
) -> list[tuple[str, dict[str, Any]]]:
    """Send all bodies, a few at once, and look at the payment after each few, so that a credit's cause can be named.

    `bodies`: what was changed, and the text. Returns what was changed, and the answer, in the order of sending.

    Raises:
        Failed: the payment was paid. Money is judged before the statuses of the answers.
    """
    answered: list[tuple[str, dict[str, Any]]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for group in groups_of(bodies):
            answers = pool.map(partial(_send, context, payment), group)
            answered += [(what, answer) for (what, _), answer in zip(group, answers, strict=True)]
            if context.profile.shows_state and context.observations.status(payment).state is PAID:
                raise Failed(
                    f"{_odd(what for what, _ in group)} came for a payment that nobody has paid, "
                    f"{paid(context, payment)}"
                )
    return answered


def groups_of(bodies: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Groups of bodies to send at once. A changed ResultCode is sent alone, so that no other one hides its effect."""
    alone = [body for body in bodies if CODE in body[0]]
    others = [body for body in bodies if CODE not in body[0]]
    yield from ([body] for body in alone)
    for first in range(0, len(others), AT_ONCE):
        yield others[first : first + AT_ONCE]


def credited_after_all(context: CheckContext, payment: Payment, sent: int) -> Unjudged | None:
    """Judge the money once the merchant has dealt with all odd callbacks. Returns what could not be decided, or None.

    Raises:
        Failed: the payment is paid or credited.
    """
    doubt = None
    try:
        context.expectations.status_after_queue(payment)
        is_credited = context.profile.shows_credits and context.observations.credits(payment).count > 0
    except Unjudged as error:
        doubt, is_credited = error, False
    if is_credited or context.observations.status(payment).state is PAID:
        raise Failed(f"{sent} odd callbacks came for a payment that nobody has paid, {paid(context, payment)}")
    return doubt


def paid(context: CheckContext, payment: Payment) -> str:
    """The words of a reason for the payment's state and credits now, and what was expected."""
    state = f"and it is {say(context.observations.status(payment))}"
    if not context.profile.shows_credits:
        return f"{state}; expected pending"
    found = context.observations.credits(payment)
    sum_of = f" ({shillings(found.total)} shillings)" if found.total is not None else ""
    return f"{state}, credited {times(found.count)}{sum_of}; expected pending and no credit"


def _odd(changes: Iterable[str]) -> str:
    found = list(changes)
    return f"a callback with {found[0]}" if len(found) == 1 else f"callbacks with {'; with '.join(found)}"


def genuine(context: CheckContext, payment: Payment) -> dict[str, Any]:
    """The body that is changed: code 4999 with the metadata of a success, so that every part of the schema is there."""
    record = context.journal.record(payment)
    items = [("Amount", record["amount"]), ("MpesaReceiptNumber", "UKN0000000"), ("PhoneNumber", int(payment.msisdn))]
    return {
        "Body": {
            "stkCallback": {
                "MerchantRequestID": record["merchant_request_id"],
                "CheckoutRequestID": record["checkout_request_id"],
                "ResultCode": 4999,
                "ResultDesc": "The transaction is still under processing",
                "CallbackMetadata": {"Item": [{"Name": name, "Value": value} for name, value in items]},
            }
        }
    }


def says_success(raw: str) -> bool:
    """Whether a changed body says 0: a merchant whose address is secret may believe that."""
    try:
        code = read_object(raw)["Body"]["stkCallback"]["ResultCode"]
    except (KeyError, TypeError):
        return False
    return str(code).strip() in ("0", "0.0")


def problem(what: str, answer: dict[str, Any]) -> str:
    """What is wrong with the answer to one odd callback; empty when nothing is."""
    status, took_s = answer.get("status"), float(answer.get("duration_s") or 0.0)
    if status is None:
        hung_up = took_s < WAIT_S and "a nesting" in what
        return "" if hung_up else f"a callback with {what} got no answer ({answer.get('error')})"
    if status >= 500:
        return f"a callback with {what} was answered {status}, {quote(str(answer.get('body') or ''), most=60)}"
    return f"a callback with {what} was answered after {took_s:.1f} s" if took_s > IN_TIME_S else ""


def require_reached(answers: list[dict[str, Any]]) -> None:
    """Require that a program behind the address read the bodies.

    Raises:
        Untested: none did.
    """
    statuses = {answer["status"] for answer in answers if answer.get("status") is not None}
    if not any(200 <= status < 300 or status in SHAPES_REFUSED for status in statuses):
        raise Untested(f"nothing reached the merchant's own code: every odd callback was answered {sorted(statuses)}")


def _send(context: CheckContext, payment: Payment, odd_callback: tuple[str, str]) -> dict[str, Any]:
    _, raw = odd_callback
    deliveries = context.actions.send_callback(payment, raw=raw, timeout_s=WAIT_S)
    return deliveries[0] if deliveries else {"error": "not sent"}


Path = tuple[str | int, ...]

ODD: Final[Mapping[str, tuple[Any, ...]]] = {
    "string": (
        None,
        "",
        " ",
        0,
        -1,
        1.5,
        True,
        [],
        {},
        ["x"],
        "x" * 5_000,
        "\u0000",
        "\ud800",
        "\u202e\u067b\U0001f4b3",
        "'; --",
        "{}",
        "NaN",
    ),
    "number": (None, "", -1, 0.1, 10**30, "1e400", "12,5", False, [], {}, {"Value": 1}, "\ud800", "NaN", "\u0966"),
    "object": (None, "", 0, [], [[]], "x", True),
    "array": (None, "", 0, {}, [None], [[]], ["x"], [0], [{}]),
}
"""Odd values by the type in the schema; `integer` gets those of `number`."""

DEEP: Final = 20_000
"""Levels of nesting that a recursive reader cannot follow."""


def changed_bodies(
    schema: Mapping[str, Any], genuine: Mapping[str, Any], *, random: Random
) -> Iterator[tuple[str, str]]:
    """Changed bodies: what was changed, and the body as text; changes of one value come in random order.

    `genuine`: the body that is changed. `schema`: its JSON Schema, which says what each part should be.
    """
    changes = [*_changes(schema, genuine, ())]
    random.shuffle(changes)
    for where, value in changes:
        yield f"{_name(where)} = {json.dumps(value)[:40]}", json.dumps(_with(genuine, where, value))
    for where in [*_optional_and_required(schema, genuine, ())]:
        yield f"no {_name(where)}", json.dumps(_without(genuine, where))
    yield "unknown keys everywhere", json.dumps(_with_more(genuine))
    yield "a nesting that has no end", '{"Body":' * DEEP + "1" + "}" * DEEP
    text = json.dumps(genuine)
    yield "every key twice", text.replace('{"', '{"x": 1, "x": 2, "')
    yield "bytes of another encoding", text.encode("utf-16").decode("latin-1")


def _changes(schema: Mapping[str, Any], value: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    """Each place in the body, with each odd value for it."""
    for odd in dict.fromkeys(map(json.dumps, _odd_for(schema))):
        yield at, json.loads(odd)
    for key, below in _below(schema, value):
        yield from _changes(below, value[key], (*at, key))


def _optional_and_required(schema: Mapping[str, Any], value: Any, at: Path) -> Iterator[Path]:
    for key, below in _below(schema, value):
        yield (*at, key)
        yield from _optional_and_required(below, value[key], (*at, key))


def _below(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The parts of a value, each with its own schema."""
    for choice in (schema, *schema.get("anyOf", ())):
        if isinstance(value, dict):
            for key, below in choice.get("properties", {}).items():
                if key in value:
                    yield key, below
        elif isinstance(value, list) and "items" in choice:
            for index in range(len(value)):
                yield index, choice["items"]


def _odd_for(schema: Mapping[str, Any]) -> Iterator[Any]:
    wanted = schema.get("type", ["string"] if "enum" in schema else [])
    for name in [wanted] if isinstance(wanted, str) else wanted:
        yield from ODD["number" if name == "integer" else name]
    for choice in schema.get("anyOf", ()):
        yield from _odd_for(choice)


def _with(body: Mapping[str, Any], where: Path, value: Any) -> Any:
    if not where:
        return value
    made: Any = copy.deepcopy(dict(body))
    _parent(made, where)[where[-1]] = value
    return made


def _without(body: Mapping[str, Any], where: Path) -> Any:
    made: Any = copy.deepcopy(dict(body))
    del _parent(made, where)[where[-1]]
    return made


def _with_more(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: _with_more(below) for key, below in value.items()}, "__proto__": {}, "": None}
    return [*map(_with_more, value), None] if isinstance(value, list) else value


def _parent(body: Any, where: Path) -> Any:
    for key in where[:-1]:
        body = body[key]
    return body


def _name(where: Path) -> str:
    return ".".join(map(str, where)) or "the whole body"
