"""U05: insufficient funds are named as the cause, with what to do next."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, quote
from tayari_contracts.context.message_topics import is_raw, problems_of, promises_in
from tayari_contracts.context.payment import FAILED

TOPIC = "insufficient_funds"


@check("U05")
def insufficient_funds_are_named(context: CheckContext) -> None:
    """A payment fails with result code 1, and the message to its customer is read."""
    payment = context.actions.pay_accepted(
        situation("inline/u05-insufficient-funds", outcome=after(0.5, result_code=1))
    )
    text = context.observations.last_message(payment, TOPIC)
    sent = str(context.journal.record(payment).get("result_desc") or "")
    if is_raw(text, sent):
        raise Failed(f"the customer reads M-Pesa's raw text {quote(text)}; expected plain words, and what to do now")
    if problems := problems_of(text, TOPIC):
        raise Failed(
            f"the customer, whose balance is too low, was told {quote(text)}: {'; '.join(problems)}; "
            "expected that the balance is too low, and what to do now (top up, a smaller amount, another way)"
        )
    context.expectations.state(
        payment, FAILED, within_s=context.time.settled_s, because="the wallet could not cover it"
    )
    if not promises_in(text):
        raise Warned(f"the customer was told {quote(text)}; expected also that nothing was taken, which is known here")
