"""B18: a confirmation that Safaricom never sent credits nothing."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested, WrongCredit, times
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.c2b_payments import confirm_falsely, forged_confirmation_url, new_account, pay_in
from tayari_contracts.steps.c2b_registration import urls
from tayari_contracts.steps.forged_callback import Caller, callers, delivered_anywhere, require_decided, written_address

QUIET_S: Final = 1.0
OK: Final = 200


@check("B18")
def a_forged_confirmation_credits_nothing(context: CheckContext) -> None:
    """A stranger sends confirmations of payments that nobody made; then the account's owner pays once."""
    account = new_account(context)
    guessed = forged_confirmation_url(context, account) != urls(context)["confirmation"]
    if guessed and context.target.callbacks.deliver_to is not None:
        raise delivered_anywhere("the path of confirmations")
    how = written_address(is_guessed=guessed)
    answers = []
    for caller in callers(context.target.callbacks.source_header):
        answers += confirm_falsely(context, account, caller)
        expect_credits(context, account, 0, caller, how)
    context.time.pause(QUIET_S)
    expect_credits(context, account, 0, caller, how)
    true_one = pay_in(context, into=account)
    if context.observations.until(true_one, PAID, within_s=context.time.settled_s).state is not PAID:
        raise Untested("the account was not credited with a true payment either, so nothing could be judged")
    expect_credits(context, account, 1, caller, how)
    true_answers = context.journal.callback_statuses(true_one)
    require_decided(answers, serves=OK in true_answers)


def expect_credits(context: CheckContext, account: Payment, most: int, caller: Caller, how: str) -> None:
    """Expect that the account has at most `most` credits: as many as true payments.

    Raises:
        WrongCredit: it has more.
    """
    found = context.observations.credits(account).count
    if found > most:
        raise WrongCredit(
            f"the account was credited {times(found)}, and its owner paid {times(most)}: a confirmation that anybody "
            f"could send was believed ({how}; its caller: {caller.written}); expected no credit for it"
        )
