"""T11: a call that Daraja never answers is given up, and the payment is kept as unknown."""

from __future__ import annotations

from typing import Final

from tayari_target.driver import MerchantDriver, Started

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested, say, unknown_word
from tayari_contracts.context.payment import FAILED, PAID
from tayari_contracts.context.run_record import untranslated
from tayari_contracts.steps.stub_daraja import StubListener, begin_payment, merchant_with_stub

BOUND_S: Final = 45.0
"""The longest wait for one call. Assumed: Daraja's gateway gives up after about 30 s."""

RETRIED_WITHIN_S: Final = 6.0
"""How long a second push is awaited: longer than the first pause of a usual retry."""


@check("T11")
def gives_up_a_call_without_answer(context: CheckContext) -> None:
    """Gives a second process of the merchant a Daraja that gives tokens and never answers a push."""
    reference = context.allocation.reference()
    with merchant_with_stub(context, trusted=True) as (listener, driver):
        paying = begin_payment(context, driver, reference=reference, timeout_s=BOUND_S + 10.0)
        context.time.until(lambda: listener.held_s, within_s=BOUND_S)
        if not _pushes(listener):
            distrusts = ": it does not trust the certificate of {ca_file}" if listener.refused else ""
            raise Untested(f"the merchant sent no STK push to the address it was given as its Daraja{distrusts}")
        if not listener.held_s:
            raise Failed(
                f"the merchant still waits for an answer to its push after {BOUND_S:.0f} s; expected a time-out"
            )
        started = paying.result()
        context.time.until(lambda: len(_pushes(listener)) > 1, within_s=RETRIED_WITHIN_S)
        if len(_pushes(listener)) > 1:
            raise Failed(
                f"no answer to a push came, and the merchant pushed again after {listener.held_s[0]:.0f} s; expected "
                "one push, and the payment kept as unknown: the customer may be asked twice, and pay twice"
            )
        _judge_state(context, driver, started, reference)
    context.evidence.tries = 1
    context.evidence.notes.append(f"gave up after {listener.held_s[0]:.0f} s")


def _pushes(listener: StubListener) -> list[str]:
    return [call for call in listener.calls if "stkpush" in call]


def _judge_state(context: CheckContext, driver: MerchantDriver, started: Started, reference: str) -> None:
    """Expect neither failed nor paid, because nobody knows whether the push was taken."""
    if not context.profile.shows_state:
        context.evidence.notes.append("the end of the payment could not be seen (merchant.status)")
        return
    context.time.pause(1.0)
    keys = dict.fromkeys(key for key in (started.payment_id, reference) if key)
    views = [driver.read_status(key, reference) for key in keys]
    view = next((each for each in views if each.state is not None), views[0])
    if view.state in (FAILED, PAID):
        raise Failed(
            f"no answer to the push came, and the payment is {view.state}; expected it to be kept as unknown, "
            "because the customer may have paid"
        )
    if word := untranslated(view):
        raise unknown_word(word)
    if view.state is None:
        answered = "not answered" if started.status is None else f"answered {started.status}"
        raise Unjudged(
            f"the call was given up, but whether the payment is kept could not be seen: its start was {answered}, and "
            f"neither its identifier nor its reference has a state ({say(view)})"
        )
