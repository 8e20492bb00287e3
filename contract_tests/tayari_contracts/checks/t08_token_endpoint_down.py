"""T08: an OAuth answer that is empty or HTML is survived."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.customer_messages import crash_of, leak_of
from tayari_contracts.context.findings import Failed, Untested, quote
from tayari_contracts.context.inline_scenarios import Fault, page, token_situation
from tayari_contracts.context.journal_reader import answer_of
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.probe import FAILED, PAID, REVIEW, Probe

ANSWERS: Final[dict[str, Fault]] = {
    "HTTP 400 without a body": {"empty_body": {"status": 400, "times": "always"}},
    "an HTML page with HTTP 403": page("imperva_403", times="always"),
    "HTTP 200 with a body that is not JSON": {"malformed_json": {"times": "always"}},
    "HTTP 200 without a body": {"empty_body": {"status": 200, "times": "always"}},
}
"""Until they are cleared: the merchant may try again as often as it likes."""


@check("T08")
def survives_oauth_without_json(probe: Probe) -> None:
    """A payment for each kind of answer, then one more when OAuth is well again."""
    probe.forget_token()
    for answer, fault in ANSWERS.items():  # none of them is a token, so that the merchant asks anew for each
        since = probe.sight.now()
        try:
            probe.control.play_next(token_situation("token/no-json", fault), endpoint="oauth")
            payment = _pay_without_token(probe, since)
            _expect_clean(probe, payment, answer)
        finally:
            probe.control.clear_next()
            probe.watch_since(since, endpoint="oauth")
    after = probe.pay()
    if not probe.wait("push_seen", after, within_s=5.0) or not probe.sight.accepted(after):
        raise Failed(f"OAuth answers well again, and still no payment is possible: {probe.describe(after)}")


def _pay_without_token(probe: Probe, since: int) -> Payment:
    """A payment for which the merchant asks for a token and gets none; one that fetched while it started asks anew."""
    payment = probe.pay()
    if _was_refused(probe, payment, since):
        return payment
    probe.control.revoke_tokens()
    payment = probe.pay()
    if _was_refused(probe, payment, since):
        return payment
    if probe.stage.can_restart:
        probe.quiet(probe.sight.until_stored_s())
        probe.start_again()
    raise Untested("the merchant fetched no token, so OAuth's answer did not matter")


def _was_refused(probe: Probe, payment: Payment, since: int) -> bool:
    """Whether OAuth refused the merchant, waiting for one that works in the background; not if a push is accepted."""
    for _ in range(15):
        if any("access_token" not in answer_of(entry) for entry in probe.sight.token_fetches(since)):
            return True
        if probe.sight.accepted(payment):
            return False
        probe.quiet(0.2)
    return False


def _expect_clean(probe: Probe, payment: Payment, answer: str) -> None:
    crash = crash_of(payment.started)
    if crash:
        raise Failed(f"OAuth answered {answer}, and {crash}; expected a plain word to the customer")
    if not payment.started.accepted and not (payment.started.message or payment.started.body).strip():
        raise Failed(f"OAuth answered {answer}, and the customer was told nothing; expected a plain word")
    if payment.started.accepted and probe.sees_state:
        view = probe.until(payment, (FAILED, REVIEW, PAID), within_s=4.0)
        if view.state is PAID and not probe.sight.accepted(payment):
            raise Failed(f"OAuth answered {answer}, no push was accepted, and the payment is paid")
    told = probe.told(payment)
    if leak_of(told):
        raise Failed(f"OAuth answered {answer}, and the customer was told {quote(told)}")
