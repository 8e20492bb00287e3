"""Makes a check of a scenario file: it plays the file, and compares the merchant with the file's `expect`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_reports.model import Category, Level, Rule, Severity, State
from tayari_target.target_file.target_model import Target

from tayari_contracts.catalogue.rules import ENABLED_BY, Need, Seen
from tayari_contracts.context.check_context import CheckContext
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
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.context.message_topics import is_generic, machine_words
from tayari_contracts.context.payment import PAID, PENDING, Payment
from tayari_contracts.runner.check_run import PlannedCheck, missing_need
from tayari_contracts.runner.scenario_kinds import PUSH, Document, endpoint_of, kind_of
from tayari_contracts.steps.c2b_payments import is_decided
from tayari_contracts.steps.payouts import originator_ids, payout_requests

LOOK_EVERY_S: Final = 0.2

CATEGORIES: Final[Mapping[str, Category]] = {
    "ack": Category.INTEGRATION,
    "token": Category.INTEGRATION,
    "service": Category.ERROR_HANDLING,
}
"""By the folder of the scenario's name. Every other folder is a payment flow."""

LOOKS_REFUSED: Final = frozenset({"ack_refused", "ack_without_id"})
"""Faults after which the merchant may take an accepted push for a refused one."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A kind of call that a scenario file can limit."""

    one: str
    """One such call, in words."""
    count: Callable[[CheckContext, Payment], int]
    moves_money: bool = False
    """Whether a call too many asks for money, or sends it, once more."""


COUNTED: Final[Mapping[str, Counted]] = {
    "pushes": Counted("STK push", lambda context, payment: len(context.journal.pushes(payment)), moves_money=True),
    "payouts": Counted(
        "payout", lambda context, payment: len(originator_ids(payout_requests(context, payment))), moves_money=True
    ),
    "queries": Counted("status query", lambda context, payment: len(context.journal.queries(payment))),
}
"""By the key of `expect`: the most that the merchant may make for one payment."""


WANTED: Final = ("state", "within_s", "credits", *COUNTED)
"""The keys of `expect` that the way to fix a failure names."""


def check_of_scenario(document: Document, *, strict_words: bool = False) -> PlannedCheck:
    """The check that plays this scenario.

    The money decides. A wrong message to the customer is a warning, and one that cannot be seen is ignored. With
    `strict_words` the first is a failure, and the second makes the check `not_tested`.
    """
    name = str(document["scenario"])
    expect: Mapping[str, Any] = document.get("expect") or {}
    kind = kind_of(document)
    needs = kind.needs | ({Need.MESSAGE} if strict_words and "message" in expect else set())
    return PlannedCheck(
        rule=Rule(
            id=name,
            title=" ".join(str(document.get("about", name)).split()),
            category=CATEGORIES.get(name.split("/", maxsplit=1)[0], Category.PAYMENT_FLOW),
            severity=Severity.HIGH,
            kind="scenario",
            why="This happens in production. A merchant that handles it in another way loses money or customers.",
            fix=f"Make the merchant do what the scenario expects: {_wanted(expect)}.",
            source="the scenario file",
        ),
        run=_play(document, strict_words=strict_words),
        needs=needs,
        seen=frozenset({Seen.MET}),
        exclusive=kind.is_alone(document),
        queries=4 if _without_callback(document) else 0,
    )


def money_check(planned: PlannedCheck, target: Target) -> PlannedCheck:
    """A money invariant over the payments of named scenarios alone.

    In such a run it is no gap if these scenarios do not test the invariant, or if the target file shows too little.
    """

    def run(context: CheckContext) -> None:
        context.run.scenarios_only = True
        try:
            planned.run(context)
        except Untested as untested:
            raise Inapplicable(f"{untested} by these scenarios") from untested

    hidden = missing_need(planned, MerchantProfile(target)) is not None
    return replace(planned, run=run, rule=replace(planned.rule, level=Level.SHOULD) if hidden else planned.rule)


def applying(plan: Iterable[PlannedCheck], target: Target) -> list[PlannedCheck]:
    """The plan. If the merchant does nothing of what its scenarios are about, they become `not_tested`.

    So a gate with scenarios of payouts says of a shop that pays nobody that nothing was tested.
    """
    planned = list(plan)
    profile = MerchantProfile(target)
    unmet = [missing_need(one, profile) for one in planned if one.rule.kind == "scenario"]
    if not unmet or not all(one is not None and one.state is State.NOT_APPLICABLE for one in unmet):
        return planned
    return [replace(one, asked_for=one.rule.kind == "scenario") for one in planned]


def _play(document: Document, *, strict_words: bool) -> Callable[[CheckContext], None]:
    kind = kind_of(document)
    judged = document if kind.expect is None else {**document, "expect": kind.expect}

    def run(context: CheckContext) -> None:
        context.evidence.scenario = str(document["scenario"])
        try:
            payment = kind.play(context, document)
            if payment is None:
                return
            _judge(context, payment, judged)
            _require_push(context, payment, document)
            wanted = (judged.get("expect") or {}).get("message")
            if wanted and payment.kind is PaymentKind.STK_PAYMENT:
                _judge_words(context, payment, wanted, strict=strict_words)
        finally:
            kind.afterwards(context, document)

    return run


def _require_push(context: CheckContext, payment: Payment, document: Document) -> None:
    """Require a push for a scenario that is the outcome of one: a merchant may fail a payment without any push.

    Raises:
        Untested: the merchant sent none.
    """
    is_outcome = endpoint_of(document) == PUSH and not document.get("faults")
    if is_outcome and payment.kind is PaymentKind.STK_PAYMENT and not context.journal.pushes(payment):
        answered = payment.started.status or payment.started.error
        raise Untested(f"no STK push was sent, so the scenario was never met; the start was answered {answered}")


def _judge(context: CheckContext, payment: Payment, document: Document) -> None:
    """Compare the payment, its money and its calls with what the scenario expects."""
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
        view = context.expectations.state(payment, *wanted, within_s=within_s, because=because)
    except Failed:
        if "query" in document and not _without_callback(document) and not context.journal.queries(payment):
            why = "the merchant believes its callback and asks nothing, so no query contradicted it"
            raise Inapplicable(why) from None
        raise
    if "never" in expect:
        context.expectations.never(payment, *_states(expect["never"]), for_s=1.0, because="the scenario excludes that")
    shows_credits = context.profile.shows_credits and payment.kind is PaymentKind.STK_PAYMENT
    if shows_credits or payment.kind is PaymentKind.C2B_PAYMENT:
        _wait_for_repeats(context, payment, document)
        paid = view.state is PAID
        _judge_credits(context, payment, expect, paid=paid, open_still=PAID in wanted and not paid)


class _Calls:
    """Compares the merchant's pushes, payouts and status queries for one payment with the most that the file allows."""

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
        """Judge again and again until `within_s` is over: a merchant may call again after it has shown a state.

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
        """Compare the calls so far with the most that are allowed.

        Raises:
            WrongCredit: somebody was asked, or was paid, too often. Failed: the merchant queried too often.
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


def _wait_for_repeats(context: CheckContext, payment: Payment, document: Document) -> None:
    """Wait until all repeated messages are answered: the last one may be credited again."""
    counts = [fault["duplicate"].get("count", 2) for fault in document.get("faults") or () if "duplicate" in fault]
    if counts:
        context.observations.wait("callback_answered", payment, count=int(max(counts)))


def _within_s(context: CheckContext, expect: Mapping[str, Any]) -> float:
    return float(expect.get("within_s", context.time.settle_s))


def _pays_at_first_push(document: Document) -> bool:
    """Whether the customer pays the first push that Daraja accepts, so that a second one asks for the money again."""
    names = {name for fault in document.get("faults") or () for name in fault}
    return str((document.get("outcome") or {}).get("result_code", 0)) == "0" and not names & LOOKS_REFUSED


def _let_it_play(context: CheckContext, payment: Payment) -> None:
    """Wait for the scenario's result. Every payment begins as pending, so before it pending says nothing."""
    if payment.kind is PaymentKind.C2B_PAYMENT:
        context.time.until(lambda: is_decided(context, payment), within_s=5.0)
    elif payment.kind is not PaymentKind.STK_PAYMENT or context.journal.accepted(payment):
        context.observations.wait("result_due", payment, within_s=5.0)
    context.time.pause(1.0)


def _judge_credits(
    context: CheckContext, payment: Payment, expect: Mapping[str, Any], *, paid: bool, open_still: bool
) -> None:
    """Expect the credits that the file names; by default one if paid, none if not, at most one while it is open."""
    if "credits" in expect:
        context.expectations.credits(payment, int(expect["credits"]), quiet_s=0.3)
    elif not open_still:
        context.expectations.credits(payment, 1 if paid else 0, quiet_s=0.3)
    elif (found := context.observations.credits(payment)).count > 1:
        raise WrongCredit(f"the customer was credited {times(found.count)}; expected once at most")


def _judge_refused_start(payment: Payment) -> None:
    """Judge the answer of a merchant that refused to begin: it keeps no payment that could be read.

    Raises:
        Failed: it gave no answer, or crashed.
    """
    if payment.started.status is None:
        raise Failed(
            f"the merchant did not answer the start of the payment in {payment.started.duration_s:.0f} s "
            f"({payment.started.error}); expected an answer"
        )
    if machine_words(payment.started.body) or (payment.started.status == 500 and is_generic(payment.started.message)):
        raise Failed(
            f"the merchant crashed: it answered {payment.started.status}, {quote(payment.started.body)}; expected a "
            "refusal in plain words"
        )


def _judge_words(context: CheckContext, payment: Payment, wanted: Mapping[str, Any], *, strict: bool) -> None:
    """Judge what the customer was told, once the money is right.

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
    """The expectations of a file as a list in words."""
    parts = [f"{key} {_written(value)}" for key, value in expect.items() if key in WANTED]
    if message := expect.get("message"):
        topic = str(message.get("topic", "what happened")).replace("_", " ")
        parts.append(f"a message about {topic}" + (", in words of its own" if message.get("not_generic") else ""))
    return ", ".join(parts) or "a paid payment, credited once"


def _written(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
