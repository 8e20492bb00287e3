"""A scenario file as a check: play it against the merchant, and hold the merchant to the file's `expect`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tayari_money.payment_state import PaymentState
from tayari_reports.model import Category, Rule, Severity

from tayari_contracts.findings import Failed
from tayari_contracts.job import Job
from tayari_contracts.meeting import PUSH, endpoint_of, pay_until_met, token_part
from tayari_contracts.messages import is_generic, machine_words
from tayari_contracts.payment import Payment
from tayari_contracts.probe import PAID, PENDING, Probe
from tayari_contracts.rules import Need, Seen
from tayari_contracts.wording import quote, times

Document = Mapping[str, Any]
"""The content of one scenario file."""

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


def job_of(document: Document) -> Job:
    """The check that plays this scenario."""
    name = str(document["scenario"])
    expect: Mapping[str, Any] = document.get("expect") or {}
    needs = {Need.STATE} | ({Need.MESSAGE} if "message" in expect else set())
    return Job(
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
        run=_play(document),
        needs=frozenset(needs),
        seen=frozenset({Seen.MET}),
        exclusive=concerns_whole_merchant(document),
        queries=4 if _without_callback(document) else 0,
    )


def concerns_whole_merchant(document: Document) -> bool:
    """Whether other payments would feel the scenario: a token, a query or the port itself."""
    if endpoint_of(document) != PUSH or token_part(document) is not None:
        return True
    return any(name in WHOLE_MERCHANT for fault in document.get("faults") or () for name in fault)


def _play(document: Document) -> Callable[[Probe], None]:
    def run(probe: Probe) -> None:
        endpoint = endpoint_of(document)
        elsewhere = document if endpoint != PUSH else token_part(document)
        payment = probe.pay(document) if elsewhere is None else pay_until_met(probe, document, elsewhere)
        probe.scenario = str(document["scenario"])
        _judge(probe, payment, document)

    return run


def _judge(probe: Probe, payment: Payment, document: Document) -> None:
    expect: Mapping[str, Any] = document.get("expect") or {}
    within_s = float(expect.get("within_s", probe.settle_s))
    if _without_callback(document):
        within_s = max(within_s, probe.reconcile_s)
    wanted = _states(expect.get("state", "paid"))
    if not payment.started.accepted and PAID not in wanted and payment.started.payment_id is None:
        _judge_refused_start(probe, payment, expect)
        return
    if PENDING in wanted:
        _let_it_play(probe, payment)
    view = probe.expect_state(payment, wanted, within_s=within_s, because=str(document.get("about", "")).strip())
    if "never" in expect:
        probe.expect_never(payment, _states(expect["never"]), for_s=1.0, because="the scenario excludes that")
    if probe.sees_credits:
        paid = view.state is PAID
        _judge_credits(probe, payment, expect, paid=paid, open_still=PAID in wanted and not paid)
    if "message" in expect:
        _judge_message(probe, payment, expect["message"])


def _let_it_play(probe: Probe, payment: Payment) -> None:
    """Pending is where every payment begins: what Daraja has in store must have happened before that is an answer."""
    if probe.sight.accepted(payment):
        probe.wait("result_due", payment, within_s=5.0)
    probe.quiet(1.0)


def _judge_credits(probe: Probe, payment: Payment, expect: Mapping[str, Any], *, paid: bool, open_still: bool) -> None:
    """As often as the file says; else once when paid, never when not, and once at most while either may still come."""
    if "credits" in expect:
        probe.expect_credits(payment, int(expect["credits"]), quiet_s=0.3)
    elif not open_still:
        probe.expect_credits(payment, 1 if paid else 0, quiet_s=0.3)
    elif (found := probe.credits(payment)).count > 1:
        raise Failed(f"the customer was credited {times(found.count)}; expected once at most")


def _judge_refused_start(probe: Probe, payment: Payment, expect: Mapping[str, Any]) -> None:
    """The merchant refused to begin, and keeps no payment that could be asked for: what it said is all there is."""
    if payment.started.status is None:
        raise Failed(
            f"the merchant did not answer the start of the payment in {payment.started.duration_s:.0f} s "
            f"({payment.started.error})"
        )
    if machine_words(payment.started.body) or (payment.started.status == 500 and is_generic(payment.started.message)):
        raise Failed(f"the merchant crashed: it answered {payment.started.status}, {quote(payment.started.body)}")
    if "message" in expect:
        _judge_message(probe, payment, expect["message"])


def _judge_message(probe: Probe, payment: Payment, wanted: Mapping[str, Any]) -> None:
    topic = wanted.get("topic")
    if topic is not None:
        probe.expect_message(payment, str(topic))
    elif wanted.get("not_generic") and is_generic(text := probe.told_of_outcome(payment)):
        raise Failed(f"the customer was told {quote(text)}; expected what happened, and what to do")


def _without_callback(document: Document) -> bool:
    if (document.get("outcome") or {}).get("callback") is False:
        return True
    names = {name for fault in document.get("faults") or () for name in fault}
    return bool(names & {"drop", "malformed_callback", "ack_lost", "hang"})


def _states(value: str | list[str]) -> frozenset[PaymentState]:
    return frozenset(PaymentState(name) for name in ([value] if isinstance(value, str) else value))


def _wanted(expect: Mapping[str, Any]) -> str:
    parts = [f"{key} {value}" for key, value in expect.items() if key in ("state", "within_s", "credits", "message")]
    return ", ".join(parts) or "a paid payment, credited once"
