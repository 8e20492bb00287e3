"""C07: a success that Safaricom never sent pays nothing."""

from __future__ import annotations

from tayari_reports.model import NotTested

from tayari_contracts.findings import Failed, Unjudged, Untested
from tayari_contracts.forgery import SOURCE, forged_body, forged_url
from tayari_contracts.payment import Payment
from tayari_contracts.probe import FAILED, REVIEW, Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import after, situation

IN_FLIGHT_S = 4.0
WATCH_S = 3.0
CRASH = 500


@check("C07")
def a_forged_success_pays_nothing(probe: Probe) -> None:
    """While the customer still looks at the prompt, a stranger sends the success; in truth nobody answers the prompt.

    How the merchant finds out is its own affair: a secret path, the caller's address, or a query before it believes.
    """
    bystander = probe.pay_accepted(situation("inline/c07-bystander", outcome=after(0.5, result_code=1032)))
    payment = probe.pay_accepted(situation("inline/c07-victim", outcome=after(IN_FLIGHT_S, result_code=1037)))
    record = probe.sight.record(payment)
    other = probe.sight.record(bystander)["callback_url"]
    url = forged_url(record["callback_url"], other=other, known=known_to_payer(probe, payment))
    probe.book.forge(record["checkout_request_id"])
    answers = probe.send_callback(payment, url=url, body=forged_body(record, payment), source=SOURCE)
    if all(answer.get("status") is None for answer in answers):
        raise Untested(f"the forged callback could not be delivered: {answers[0].get('error')}")
    if all((answer.get("status") or 0) >= CRASH for answer in answers):
        raise Unjudged(f"the forged callback was answered {answers[0]['status']}, as a crash is: nobody weighed it")

    guessed = url != record["callback_url"]
    try:
        expect_still_unpaid(probe, payment, guessed=guessed)
    except Failed as finding:
        if guessed and probe.target.callbacks.deliver_to is not None:
            raise Untested(
                "the callback's path cannot be guessed, but callbacks.deliver_to delivers whatever the path is",
                why=NotTested.EVIDENCE_DEPTH,
                enable="callbacks.rewrite in place of callbacks.deliver_to",
            ) from finding
        raise


def expect_still_unpaid(probe: Probe, payment: Payment, *, guessed: bool) -> None:
    """Neither now, nor when the true end is told, nor when both callbacks were dealt with is anything credited."""
    how = "its address had to be guessed" if guessed else "its address is no secret"
    because = f"a callback that anybody could send was believed ({how})"
    probe.expect_unpaid(payment, for_s=IN_FLIGHT_S + 1.0, because=because)
    probe.until(payment, (FAILED, REVIEW), within_s=WATCH_S)
    probe.after_the_queue(payment)
    probe.expect_unpaid(payment, for_s=0.5, because=because)


def known_to_payer(probe: Probe, payment: Payment) -> str:
    """Everything the merchant told whoever started this payment: a payer may forge too."""
    told = (payment.started.body, probe.status(payment).body, payment.reference, payment.payment_id, payment.msisdn)
    return "\n".join(told)
