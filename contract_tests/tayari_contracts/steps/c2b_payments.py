"""Payments that customers begin themselves (C2B): how a check makes, confirms and follows them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tayari_control.client import ControlError
from tayari_money.daraja_records import C2B, PULL
from tayari_money.payment_record import PaymentKind
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import Started

from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import Scenario
from tayari_contracts.context.findings import Failed, Missing, Untested, key_missing, quote, say
from tayari_contracts.context.payment import PAID, REVIEW, Entry, Payment
from tayari_contracts.steps.c2b_registration import section, urls
from tayari_contracts.steps.forged_callback import EAT, Caller, forged_url, invented_receipt

LEASED_WITHIN_S: Final = 60.0
"""How long a check waits for one of `merchant.c2b.accounts` that no other check uses."""
VALIDATION_S: Final = 8.0
"""A validation is answered within this time, or `ResponseType` decides. Source: reference 3.3."""
EARLY_S: Final = 0.5
"""Seconds until M-Pesa has made an ordinary payment."""

EMPTY_NAMES: Final = {"mutate": {"set": {"MiddleName": "", "LastName": ""}}}
"""The simulator leaves these keys out in half of the confirmations (reference 6-30); only rule B10 is about that."""


def c2b_situation(name: str, *faults: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """The content of a scenario file for the next payment of a customer; its confirmation has the documented keys."""
    return situation(name, EMPTY_NAMES, *faults, when={"endpoint": C2B}, **({"outcome": after(EARLY_S)} | keys))


def unconfirmed(name: str) -> dict[str, Any]:
    """The same for a payment that is made and that no confirmation reports."""
    return situation(name, when={"endpoint": C2B}, outcome=after(EARLY_S, callback=False))


def mutated(name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a payment whose confirmation is changed; `change`: parameters of the fault `mutate`."""
    return c2b_situation(f"inline/{name}", {"mutate": dict(change)}, outcome=after(EARLY_S))


def open_account(context: CheckContext, *, amount: int) -> tuple[Started, str]:
    """Open an account, or lease one of the target file's; `amount`: shillings that are due on it.

    Returns the merchant's answer, whose `payment_id` is the account's number, and the reference that Tayari chose.

    Raises:
        Untested: the merchant opened none, or the target file gives no account.
    """
    reference = context.allocation.reference()
    c2b = section(context)
    if c2b.open_account is not None:
        opened = context.driver.open_account(msisdn=context.allocation.msisdn(), amount=amount, reference=reference)
        if opened.payment_id is None or not opened.accepted:
            answer = opened.error or f"{opened.status}, {quote(opened.body, most=120)}"
            raise Untested(f"no account was opened: merchant.c2b.open_account was answered {answer}")
        context.run.accounts.add(opened.payment_id)
        return opened, reference
    if not c2b.accounts:
        raise key_missing(
            "the target file names no account that a customer could pay into",
            "merchant.c2b.open_account or merchant.c2b.accounts",
        )
    number = context.time.until(lambda: context.run.lease(c2b.accounts, holder=context), within_s=LEASED_WITHIN_S)
    if number is None:
        raise Untested(f"all {len(c2b.accounts)} accounts of merchant.c2b.accounts are in use; list more there")
    return Started(accepted=True, status=200, payment_id=number), reference


def has_accounts(context: CheckContext, count: int, for_what: str) -> bool:
    """Whether a check can have so many accounts at a time; if not, a note says so. `for_what`: what needs them."""
    c2b = section(context)
    if c2b.open_account is None and len(c2b.accounts) < count:
        context.evidence.notes.append(f"{for_what} needs {count} accounts: add more to merchant.c2b.accounts")
        return False
    return True


def new_account(context: CheckContext, *, due: int | None = None) -> Payment:
    """An account that nobody has paid into yet, as a payment that has not been made; `due`: shillings.

    Raises:
        Untested: no URLs are registered, or there is no account to pay into.
    """
    urls(context)
    amount = due or context.allocation.amount()
    opened, reference = open_account(context, amount=amount)
    return Payment(
        msisdn=context.allocation.msisdn(), amount=amount, reference=reference, started=opened,
        since=context.journal.now(), began_at=time.time(), kind=PaymentKind.C2B_PAYMENT,
        before=context.driver.read_account(opened.payment_id or reference, reference),
    )  # fmt: skip


def pay_in(
    context: CheckContext,
    scenario: Scenario | None = None,
    *,
    into: Payment | None = None,
    amount: int | None = None,
    typed: str | None = None,
) -> Payment:
    """Let a customer pay into an account, by default what is due into a new one.

    `typed`: what the customer types as the account's number, if not this number.

    Raises:
        Untested: no URLs are registered, or there is no account to pay into.
    """
    account = into or new_account(context, due=amount)
    before = account.before if into is None else context.driver.read_account(into.payment_id, into.reference)
    payer = context.allocation.msisdn()
    scenario = scenario or c2b_situation("inline/c2b-paid")
    since, began_at = context.control.play_next(scenario, msisdn=payer), time.time()
    with context.run.gate.passing():
        row = context.control.pay_c2b(
            short_code=context.target.c2b_short_code, msisdn=payer, amount=int(amount or account.amount),
            reference=account.payment_id if typed is None else typed,
        )  # fmt: skip
    payment = replace(
        account, msisdn=payer, amount=int(row["amount"]), since=since, began_at=began_at, before=before,
        transaction_id=str(row["id"]),
    )  # fmt: skip
    context.evidence.add_payment(payment, scenario)
    return payment


def is_decided(context: CheckContext, payment: Payment, ends: Collection[str] = ("paid", "failed")) -> bool:
    """Whether M-Pesa's record of the payment has one of these states; by default, whether it is decided."""
    rows = context.control.payments(checkout_request_id=payment.transaction_id)
    return any(row["state"] in ends for row in rows)


def pay_in_confirmed(context: CheckContext, scenario: Scenario | None = None, **how: Any) -> Payment:
    """Like `pay_in`, and require that the merchant took the confirmation.

    Raises:
        Untested: it was not delivered. Failed: it was answered as a crash is.
    """
    payment = pay_in(context, scenario, **how)
    context.expectations.callback_taken(payment)
    return payment


def ask_validation(
    context: CheckContext,
    account: Payment,
    *,
    typed: str | None = None,
    amount: int | None = None,
    receipt: str | None = None,
) -> Mapping[str, Any]:
    """Ask the merchant to validate a payment. `receipt`: of one that is made; None: it is not made afterwards.

    Returns the merchant's answer as `POST /v1/callbacks` gives it: `status`, `body`, `duration_s`, `error`.
    """
    changes = {
        "BillRefNumber": account.payment_id if typed is None else typed,
        "BusinessShortCode": context.target.c2b_short_code,
        **({} if receipt is None else {"TransID": receipt}),
    }
    context.evidence.cite(account)
    context.evidence.tries += 1
    answers = context.control.send_callback(
        url=urls(context)["validation"], message="c2b_validation", msisdn=account.msisdn,
        amount=int(amount or account.amount), set=changes, timeout_s=VALIDATION_S,
    )  # fmt: skip
    return answers[0]


def confirm_again(context: CheckContext, payment: Payment, **changes: Any) -> list[dict[str, Any]]:
    """Confirm a payment once more, with `changes`; returns the merchant's answers."""
    return context.control.send_callback(checkout_request_id=payment.transaction_id, result_code=0, **changes)


def confirm_falsely(context: CheckContext, account: Payment, caller: Caller) -> list[dict[str, Any]]:
    """Send a stranger's confirmation of a payment into the account that was never made; the merchant's answers.

    Parts of the URL that cannot be guessed are replaced.
    """
    fields = {
        "TransID": invented_receipt(datetime.now(UTC) + EAT),
        "BillRefNumber": account.payment_id,
        "BusinessShortCode": context.target.c2b_short_code,
    }
    return context.control.send_callback(
        url=forged_confirmation_url(context, account), message="c2b_confirmation", msisdn=account.msisdn,
        amount=int(account.amount), set=fields, source=caller.source, headers=dict(caller.headers),
    )  # fmt: skip


def forged_confirmation_url(context: CheckContext, account: Payment) -> str:
    """The confirmation URL as the owner of an account could guess it."""
    url = urls(context)["confirmation"]
    return forged_url(url, other=url, known=f"{account.started.body} {account.payment_id}")


def expect_credited(context: CheckContext, payment: Payment, why: str) -> None:
    """Expect that the payment is credited to its account once. `why`: the circumstances, for the reason.

    Raises:
        Missing: it is not credited. WrongCredit: it is credited too often.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.state is not PAID:
        raise Missing(
            f"{why}; the confirmation was answered {_answer(context, payment)}, and the payment is {say(view)}; "
            f"expected {payment.amount} shillings in the account that was typed"
        )
    context.expectations.credits(payment, 1, quiet_s=0.3, because=why)


def _answer(context: CheckContext, payment: Payment) -> str:
    callbacks = context.journal.callbacks(payment)
    answer = (callbacks[-1].get("response") or {}) if callbacks else {}
    return f"{answer.get('status')}, {quote(str(answer.get('body') or ''), most=80)}"


def is_unallocated(context: CheckContext, receipt: str) -> bool | None:
    """Whether staff see this receipt among the payments that belong to no account; None: that cannot be seen."""
    texts = context.driver.read_unallocated()
    return None if texts is None else any(receipt in text for text in texts)


def is_on_statement(context: CheckContext, payment: Payment) -> bool | None:
    """Whether the account's statement shows this payment; None: that cannot be seen."""
    texts = context.driver.read_statement(payment.payment_id, payment.reference)
    return None if texts is None else any(payment.transaction_id in text for text in texts)


def credited_shillings(context: CheckContext, payment: Payment) -> float | None:
    """Shillings credited to the account since before this payment; None: only the number of credits can be seen."""
    return context.observations.credits(payment).total


def confirm_push(context: CheckContext, payment: Payment) -> None:
    """Confirm a payment by STK push to the C2B URLs as well, as M-Pesa does.

    Raises:
        Untested: nothing was paid.
    """
    row = context.journal.record(payment)
    if not row.get("receipt"):
        raise Untested("the payment by prompt was not paid, so M-Pesa has nothing to confirm")
    context.control.send_callback(checkout_request_id=row["checkout_request_id"], message="c2b_confirmation")


@contextlib.contextmanager
def pushes_unconfirmed(environments: Sequence[TestEnvironment]) -> Iterator[None]:
    """Keep M-Pesa from confirming STK payments by C2B while the block runs; no pull lists them either.

    A true confirmation beside a false callback would hide what the merchant makes of the callback. B12 plays these
    confirmations.
    """
    try:
        _confirm_pushes_by_c2b(environments, on=False)
        yield
    finally:
        _confirm_pushes_by_c2b(environments, on=True)


def _confirm_pushes_by_c2b(environments: Sequence[TestEnvironment], *, on: bool) -> None:
    for environment in environments:
        c2b = environment.target.merchant.c2b
        # A merchant that sends no status query may find lost STK payments by pull alone.
        asks = "stk_query" in environment.target.merchant.capabilities
        codes = {
            environment.target.daraja.short_code,
            environment.target.daraja.till,
            None if c2b is None else c2b.short_code,
        }
        for code in filter(None, codes):
            with contextlib.suppress(ControlError):  # an older simulator, or one that knows no such organisation
                environment.control.set_organisation(code, confirms_pushes=on, lists_pushes=on or not asks)


@contextlib.contextmanager
def pushes_pulled(context: CheckContext) -> Iterator[None]:
    """Meanwhile pull transactions list the payments by STK push of the whole run, as M-Pesa does. Only a check that
    runs alone may want that.
    """
    code = context.target.c2b_short_code
    listed = {row["short_code"]: bool(row["lists_pushes"]) for row in context.control.organisations()}[code]
    context.control.set_organisation(code, lists_pushes=True)
    try:
        yield
    finally:
        context.control.set_organisation(code, lists_pushes=listed)


DUE_WITHIN_S: Final = 15.0
"""M-Pesa makes a payment within this time."""


def wait_until_paid(context: CheckContext, payment: Payment) -> None:
    """Wait until M-Pesa has made the payment.

    Raises:
        Untested: it has not, so there is nothing to find.
    """
    if not context.time.until(lambda: is_decided(context, payment, ["paid"]), within_s=DUE_WITHIN_S):
        raise Untested("M-Pesa did not make the payment")


def expect_recovered(context: CheckContext, payment: Payment, why: str) -> None:
    """Expect that the merchant finds the payment by its own pull, or by the one that `merchant.c2b.recover` asks for.

    Raises:
        Failed: the payment is lost.
    """
    context.driver.recover_c2b()
    asked = section(context).recover is not None
    within_s = context.time.settle_s if asked else context.time.settled_s
    view = context.observations.until(payment, PAID, REVIEW, within_s=within_s)
    context.evidence.watch_since(payment.since, endpoint=PULL)
    if view.state in (PAID, REVIEW):
        return
    pulls = pull_queries(context, payment.since)
    how = f"{len(pulls)} queries of pull transactions came" if pulls else "no query of pull transactions came"
    raise Failed(
        f"{why}, pull transactions list it, and {within_s:.3g} s later the payment is {say(view)}: {how}; expected it "
        "to be found and credited"
    )


def pull_queries(context: CheckContext, since: int) -> list[Entry]:
    """The queries of pull transactions since then."""
    return context.journal.entries(since=since, endpoint=PULL, kind="request")
