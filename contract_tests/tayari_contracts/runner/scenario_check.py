"""A scenario file as a check: play it against the merchant, and hold the merchant to the file's `expect`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tayari_money.daraja_records import REVERSAL
from tayari_money.payment_record import PaymentKind
from tayari_money.payment_state import PaymentState
from tayari_reports.model import Category, Level, Rule, Severity
from tayari_target.target_file.model import Target

from tayari_contracts.catalogue.rules import ENABLED_BY, Need, Seen
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.customer_messages import is_generic, machine_words
from tayari_contracts.context.findings import (
    Failed,
    Finding,
    Inapplicable,
    Unjudged,
    Untested,
    Warned,
    WrongCredit,
    calls,
    quote,
    times,
)
from tayari_contracts.context.payment import PAID, PENDING, Payment
from tayari_contracts.runner.check_run import PlannedCheck, missing_need
from tayari_contracts.runner.payout_scenarios import NEEDS, go_on, play, stops_payouts
from tayari_contracts.steps.payouts import originator_ids, payout_requests

Document = Mapping[str, Any]
"""The content of one scenario file."""

PUSH: Final = "stk_push"
PAYOUT: Final = "b2c"
TOKEN: Final = "oauth"
TOKEN_WITHIN_S: Final = 5.0
"""A merchant without a token fetches one for its next payment within this time."""
LOOK_EVERY_S: Final = 0.2

CATEGORIES: Final[Mapping[str, Category]] = {
    "payment": Category.PAYMENT_FLOW,
    "callbacks": Category.PAYMENT_FLOW,
    "query": Category.PAYMENT_FLOW,
    "ack": Category.INTEGRATION,
    "token": Category.INTEGRATION,
    "service": Category.ERROR_HANDLING,
}
"""By the folder of the scenario's name; any other folder is a payment flow."""

WHOLE_MERCHANT: Final = frozenset({"refuse", "revoke_tokens"})
"""Faults that every caller of the Daraja port feels."""

LOOKS_REFUSED: Final = frozenset({"ack_refused", "ack_without_id"})
"""Faults after which the merchant may take an accepted push for a refused one."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A kind of call that a scenario file can limit."""

    one: str
    count: Callable[[CheckContext, Payment], int]
    moves_money: bool = False


COUNTED: Final[Mapping[str, Counted]] = {
    "pushes": Counted("STK push", lambda context, payment: len(context.journal.pushes(payment)), moves_money=True),
    "payouts": Counted(
        "payout", lambda context, payment: len(originator_ids(payout_requests(context, payment))), moves_money=True
    ),
    "queries": Counted("status query", lambda context, payment: len(context.journal.queries(payment))),
}
"""By the key of `expect`: the most that the merchant may make for one payment."""


WANTED: Final = ("state", "within_s", "credits", *COUNTED)
"""The keys of `expect` that the way to mend a failure names."""


def check_of_scenario(document: Document, *, strict_words: bool = False) -> PlannedCheck:
    """The check that plays this scenario.

    Money decides. What the customer is told warns where it is wrong, and is left aside where the target file does not
    show it; with `strict_words` it fails, and is not tested.
    """
    name = str(document["scenario"])
    expect: Mapping[str, Any] = document.get("expect") or {}
    needs = NEEDS.get(endpoint_of(document), {Need.STATE}) | (
        {Need.MESSAGE} if strict_words and "message" in expect else set()
    )
    return PlannedCheck(
        rule=Rule(
            id=name,
            title=" ".join(str(document.get("about", name)).split()),
            category=CATEGORIES.get(name.split("/", maxsplit=1)[0], Category.PAYMENT_FLOW),
            severity=Severity.HIGH,
            kind="scenario",
            why="The situation occurs in production; handled otherwise, it costs money or customers.",
            fix=f"Make the merchant do what the scenario expects: {_wanted(expect)}.",
            source="the scenario file",
        ),
        run=_play(document, strict_words=strict_words),
        needs=frozenset(needs),
        seen=frozenset({Seen.MET}),
        exclusive=concerns_whole_merchant(document),
        queries=4 if _without_callback(document) else 0,
    )


def money_check(planned: PlannedCheck, target: Target) -> PlannedCheck:
    """A money invariant over the payments of named scenarios alone.

    What these do not put to the test is no gap in such a run, and neither is what the target file does not show.
    """

    def run(context: CheckContext) -> None:
        context.run.scenarios_only = True
        try:
            planned.run(context)
        except Untested as untested:
            raise Inapplicable(f"{untested} by these scenarios") from untested

    hidden = missing_need(planned, target) is not None
    return replace(planned, run=run, rule=replace(planned.rule, level=Level.SHOULD) if hidden else planned.rule)


def concerns_whole_merchant(document: Document) -> bool:
    """Whether other payments would feel the scenario: a token, a query or the port itself."""
    if endpoint_of(document) in (PAYOUT, REVERSAL):
        return stops_payouts(document)
    if endpoint_of(document) != PUSH or token_part(document) is not None:
        return True
    return any(name in WHOLE_MERCHANT for fault in document.get("faults") or () for name in fault)


def _play(document: Document, *, strict_words: bool) -> Callable[[CheckContext], None]:
    def run(context: CheckContext) -> None:
        context.evidence.scenario = str(document["scenario"])
        endpoint = endpoint_of(document)
        if endpoint in NEEDS:
            _judge_sent(context, document, endpoint)
            return
        other_call = document if endpoint != PUSH else token_part(document)
        payment = context.actions.pay(document) if other_call is None else pay_until_met(context, document, other_call)
        _judge(context, payment, document)
        wanted = (document.get("expect") or {}).get("message")
        if wanted:
            _judge_words(context, payment, wanted, strict=strict_words)

    return run


def _judge_sent(context: CheckContext, document: Document, endpoint: str) -> None:
    """What became of a payout, a refund, or a question about one."""
    try:
        payment = play(context, document, endpoint)
        if payment is not None:
            _judge(context, payment, document)
    finally:
        go_on(context, document)


def _judge(context: CheckContext, payment: Payment, document: Document) -> None:
    """What happened to the money, and to the payment."""
    calls = _Calls(context, payment, document)
    try:
        _judge_outcome(context, payment, document)
    except Finding:
        calls.judge()
        raise
    calls.watch()


def _judge_outcome(context: CheckContext, payment: Payment, document: Document) -> None:
    expect: Mapping[str, Any] = document.get("expect") or {}
    within_s = _within_s(context, expect)
    if _without_callback(document):
        within_s = max(within_s, context.time.reconcile_s)
    wanted = _states(expect.get("state", "paid"))
    if not payment.started.accepted and PAID not in wanted and payment.started.payment_id is None:
        _judge_refused_start(payment)
        return
    if PENDING in wanted:
        _let_it_play(context, payment)
    because = str(document.get("about", "")).strip()
    try:
        view = context.expectations.state(payment, wanted, within_s=within_s, because=because)
    except Failed:
        if "query" in document and not _without_callback(document) and not context.journal.queries(payment):
            why = "the merchant believes its callback and asks nothing, so no query contradicted it"
            raise Inapplicable(why) from None
        raise
    if "never" in expect:
        context.expectations.never(payment, _states(expect["never"]), for_s=1.0, because="the scenario excludes that")
    if context.profile.shows_credits and payment.kind is PaymentKind.STK_PAYMENT:
        paid = view.state is PAID
        _judge_credits(context, payment, expect, paid=paid, open_still=PAID in wanted and not paid)


class _Calls:
    """How many pushes, payouts and status queries the merchant makes for one payment, against what the file allows."""

    def __init__(self, context: CheckContext, payment: Payment, document: Document) -> None:
        self._context = context
        self._payment = payment
        expect: Mapping[str, Any] = document.get("expect") or {}
        self._most = {name: int(expect[name]) for name in COUNTED if name in expect}
        if payment.kind is PaymentKind.PAYOUT:
            self._most.setdefault("payouts", 1)
        self._watched_until = time.monotonic() + _within_s(context, expect)
        self._paid_by_first_push = "pushes" not in expect and _pays_at_first_push(document)

    def watch(self) -> None:
        """Judge again and again for the whole of `within_s`: a merchant may call again after it has shown a state.

        Raises:
            Unjudged: the check has no time for that.
        """
        self.judge()
        while self._most and time.monotonic() < self._watched_until:
            if not self._context.time.remains:
                raise Unjudged(f"the time of this check ended before {', '.join(self._most)} were watched to the end")
            self._context.time.pause(min(LOOK_EVERY_S, max(0.01, self._watched_until - time.monotonic())))
            self.judge()

    def judge(self) -> None:
        """Hold what was called so far to what is allowed.

        Raises:
            WrongCredit: the customer was asked, or was paid, more than once; Failed: it queried too often.
        """
        proof = Failed if self._context.run.prompted else WrongCredit
        for name, most in self._most.items():
            found = COUNTED[name].count(self._context, self._payment)
            if found > most:
                kind = proof if COUNTED[name].moves_money else Failed
                raise kind(
                    f"the merchant made {calls(found, COUNTED[name].one)} for one payment; expected at most {most}"
                )
        if self._paid_by_first_push and (found := len(self._context.journal.accepted(self._payment))) > 1:
            raise proof(
                f"Daraja accepted {found} pushes for one payment that its customer pays at the first; expected one: "
                "each push asks the customer for the money once more"
            )


def _within_s(context: CheckContext, expect: Mapping[str, Any]) -> float:
    return float(expect.get("within_s", context.time.settle_s))


def _pays_at_first_push(document: Document) -> bool:
    """Whether the customer pays the first push that Daraja accepts, so that a second one asks for the money again."""
    names = {name for fault in document.get("faults") or () for name in fault}
    return str((document.get("outcome") or {}).get("result_code", 0)) == "0" and not names & LOOKS_REFUSED


def _let_it_play(context: CheckContext, payment: Payment) -> None:
    """Pending is where every payment begins: what Daraja has in store must have happened before that is an answer."""
    if payment.kind is not PaymentKind.STK_PAYMENT or context.journal.accepted(payment):
        context.observations.wait("result_due", payment, within_s=5.0)
    context.time.pause(1.0)


def _judge_credits(
    context: CheckContext, payment: Payment, expect: Mapping[str, Any], *, paid: bool, open_still: bool
) -> None:
    """As often as the file says; else once when paid, never when not, and once at most while either may still come."""
    if "credits" in expect:
        context.expectations.credits(payment, int(expect["credits"]), quiet_s=0.3)
    elif not open_still:
        context.expectations.credits(payment, 1 if paid else 0, quiet_s=0.3)
    elif (found := context.observations.credits(payment)).count > 1:
        raise WrongCredit(f"the customer was credited {times(found.count)}; expected once at most")


def _judge_refused_start(payment: Payment) -> None:
    """The merchant refused to begin, and keeps no payment that could be asked for: what it said is all there is."""
    if payment.started.status is None:
        raise Failed(
            f"the merchant did not answer the start of the payment in {payment.started.duration_s:.0f} s "
            f"({payment.started.error})"
        )
    if machine_words(payment.started.body) or (payment.started.status == 500 and is_generic(payment.started.message)):
        raise Failed(f"the merchant crashed: it answered {payment.started.status}, {quote(payment.started.body)}")


def _judge_words(context: CheckContext, payment: Payment, wanted: Mapping[str, Any], *, strict: bool) -> None:
    """What the customer was told, once the money is right.

    Raises:
        Warned: the words are wrong. With `strict`, Failed; and Untested where they cannot be seen.
    """
    try:
        if not context.profile.shows_messages:
            raise Untested("what the customer is told cannot be seen", enable=ENABLED_BY[Need.MESSAGE])
        if (topic := wanted.get("topic")) is not None:
            context.expectations.message(payment, str(topic))
        elif wanted.get("not_generic") and is_generic(text := context.observations.outcome_message(payment)):
            raise Failed(f"the customer was told {quote(text)}; expected what happened, and what to do")
    except Failed as wrong:
        if strict:
            raise
        raise Warned(f"the money is right, the words are not: {wrong}") from wrong
    except Untested as hidden:
        if strict:
            raise
        context.evidence.notes.append(f"the words were not judged, for {hidden} ({hidden.enable} would show it)")


def _without_callback(document: Document) -> bool:
    if (document.get("outcome") or {}).get("callback") is False:
        return True
    names = {name for fault in document.get("faults") or () for name in fault}
    return bool(names & {"drop", "malformed_callback", "ack_lost", "hang"})


def _states(value: str | list[str]) -> frozenset[PaymentState]:
    return frozenset(PaymentState(name) for name in ([value] if isinstance(value, str) else value))


def _wanted(expect: Mapping[str, Any]) -> str:
    """The keys of `expect` as a person would list them."""
    parts = [f"{key} {_written(value)}" for key, value in expect.items() if key in WANTED]
    if message := expect.get("message"):
        topic = str(message.get("topic", "what happened")).replace("_", " ")
        parts.append(f"a message about {topic}" + (", in words of its own" if message.get("not_generic") else ""))
    return ", ".join(parts) or "a paid payment, credited once"


def _written(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def token_part(document: Document) -> Document | None:
    """What a scenario of a push says of the token besides: its faults `on: oauth`; None where it says nothing of it."""
    if endpoint_of(document) != PUSH:
        return None
    faults = [fault for fault in document.get("faults") or () if _is_of_token(fault)]
    if not faults:
        return None
    return {**{key: document[key] for key in ("scenario", "about")}, "when": {"endpoint": TOKEN}, "faults": faults}


def endpoint_of(document: Document) -> str:
    """The call that a scenario is for."""
    return str((document.get("when") or {}).get("endpoint", PUSH))


def pay_until_met(context: CheckContext, document: Document, other_call: Document) -> Payment:
    """A payment that plays `document`, whose merchant made the call that `other_call` answers.

    Raises:
        Untested: it made none; the sentence says why not.
    """
    endpoint, since = endpoint_of(other_call), context.journal.now()
    push = document if endpoint_of(document) == PUSH else None
    if endpoint == TOKEN:
        context.actions.drop_token()
    context.control.play_next(other_call, endpoint=endpoint)
    try:
        payment = context.actions.pay(push)
        if endpoint == TOKEN and not _met(context, other_call, since):
            context.control.revoke_tokens()
            payment = context.actions.pay(push)
        if not _met(context, other_call, since):
            why = "it holds a token and fetched no other" if endpoint == TOKEN else "it had no need to"
            raise Untested(f"the fault was never met: the merchant made no call ({endpoint}) meanwhile; {why}")
    finally:
        context.control.clear_next()
    context.evidence.watch_since(since, endpoint=endpoint)
    return payment


def _met(context: CheckContext, other_call: Document, since: int) -> bool:
    """Whether a call met the scenario, waiting for one that comes in the background."""
    endpoint = endpoint_of(other_call)
    within_s = TOKEN_WITHIN_S if endpoint == TOKEN else context.time.reconcile_s

    def is_met() -> bool:
        calls = context.journal.entries(since=since, endpoint=endpoint, kind="request")
        return any(entry.get("scenario") == other_call["scenario"] for entry in calls)

    return context.time.until(is_met, within_s=within_s)


def _is_of_token(fault: object) -> bool:
    if not isinstance(fault, Mapping):
        return False
    return any(isinstance(keys, Mapping) and TOKEN in _listed(keys.get("on")) for keys in fault.values())


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]
