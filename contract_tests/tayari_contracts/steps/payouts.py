"""Payouts: how a check asks for one, finds its requests in Daraja's journal, and how the money rules judge all."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from tayari_control.client import ControlError, JournalIncomplete
from tayari_money.daraja_records import B2C, PAYOUT_CALLS, WITHOUT_OWN_ID, payouts_by_msisdn, result_parameters
from tayari_money.invariants import InvariantJudgement
from tayari_money.invariants import judge as judge_invariant
from tayari_money.payment_record import DarajaTransaction, PaymentKind, PaymentRecord

from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of, body_of, status_of
from tayari_contracts.context.findings import Failed, Unjudged, Untested, WrongCredit, say
from tayari_contracts.context.observations import require_readable
from tayari_contracts.context.payment import FAILED, PAID, Entry, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.payees import new_payee, pays_businesses, queue_payout

REQUEST_WITHIN_S: Final = 20.0
"""A merchant that pays out from a queue sends its request within this time."""
STOPPED_AFTER_S: Final = 4.0
"""A merchant that has sent nothing by then may have stopped its payouts."""
ALERT_WITHIN_S: Final = 5.0
"""Staff see an alert within this time."""
LOOK_EVERY_S: Final = 0.2
CREDENTIAL_REFUSED: Final = ("2001", "8006")
"""Result codes of a refused SecurityCredential."""
FEW: Final = 3
"""With fewer payouts than this the run was narrowed (`--only`), so the money rules make some of their own."""

TROUBLED: Final = ("payout/result-twice", "payout/queue-timeout")
"""Scenarios that they play then, among others."""
RETRIED_S: Final = 6.0
"""Seconds until the result of a payout whose acknowledgement is lost: by then many merchants have tried it again."""

T = TypeVar("T")


def payout_situation(name: str, *faults: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """The content of a scenario file for the next payout request (B2C); `queue_payout` changes it for other calls."""
    return situation(name, *faults, when={"endpoint": B2C}, **keys)


def pay_out(
    context: CheckContext,
    scenario: str | Mapping[str, Any] | None = None,
    *,
    msisdn: str | None = None,
    amount: float | None = None,
    reference: str | None = None,
    since: int | None = None,
    approve: bool = True,
) -> Payment:
    """Ask the merchant for a payout, by default to a new payee; its first request plays `scenario`.

    `amount`: shillings. `since`: the number of the first journal entry that counts for this payout, if others ask for
    the same payout at the same time; by default that of this moment. `approve`: approve it too, if that is needed.
    """
    msisdn, reference = msisdn or new_payee(context), reference or context.allocation.reference()
    amount = context.allocation.amount() if amount is None else amount
    if since is None or scenario is not None:
        began = context.journal.now() if scenario is None else queue_payout(context, scenario, msisdn)
        since = began if since is None else since
    began_at = time.time()
    with context.run.gate.passing():
        started = context.driver.start_payout(msisdn=msisdn, amount=amount, reference=reference, approve=approve)
    payment = Payment(
        msisdn=msisdn, amount=amount, reference=reference, started=started, since=since, began_at=began_at,
        kind=PaymentKind.PAYOUT,
    )  # fmt: skip
    context.evidence.add_payment(payment, scenario)
    return payment


def pay_out_sent(
    context: CheckContext,
    scenario: str | Mapping[str, Any] | None = None,
    *,
    msisdn: str | None = None,
    amount: int | None = None,
    open_s: float = 0.0,
) -> Payment:
    """Like `pay_out`, and require that a request reached Daraja.

    `open_s`: another payout is open for so many seconds; a merchant that sends one at a time sends this one after it.

    Raises:
        Untested: none did, or the merchant did not say which payout it is.
    """
    payment = pay_out(context, scenario, msisdn=msisdn, amount=amount)
    await_request(context, payment)
    if open_s:
        context.time.until(lambda: payout_requests(context, payment), within_s=open_s)
    require_sent(context, payment)
    return payment


def require_sent(context: CheckContext, payment: Payment) -> None:
    """Require that a request of this payout reached Daraja, and that the merchant said which payout it is.

    Raises:
        Untested: it did not.
    """
    if not payout_requests(context, payment):
        raise Untested(f"no payout request reached Daraja: {answered(payment)}")
    if payment.started.payment_id is None:
        raise Untested(f"the merchant did not say which payout it is: {answered(payment)}")


def await_request(context: CheckContext, payment: Payment, *, came: Callable[[], object] | None = None) -> None:
    """Wait for the first request of a payout, or until `came` returns something true.

    A failure of another payout may have stopped all of them, which is right (P11). So after a while this resumes the
    merchant's payouts. The rules about the stop itself run alone.
    """
    has_come = came or (lambda: payout_requests(context, payment))
    if not context.time.until(has_come, within_s=STOPPED_AFTER_S):
        context.driver.resume_payouts()
        context.time.until(has_come, within_s=REQUEST_WITHIN_S - STOPPED_AFTER_S)


def resume(context: CheckContext) -> bool:
    """Let a merchant that has stopped its payouts pay again; returns whether it can. If not, a note says why."""
    why = context.driver.resume_payouts()
    if why:
        context.evidence.notes.append(f"its payouts may still be stopped: {why}")
    return not why


def answered(payment: Payment) -> str:
    """The merchant's answer to the start of a payout or a refund, in words."""
    started = payment.started
    text = f"{started.status}, {started.body[:120]}" if started.status is not None else started.error
    unapproved = f"; {started.error}" if started.status is not None and started.error else ""
    return f"the start of the {payment.kind} was answered {text}{unapproved}"


def payout_requests(context: CheckContext, payment: Payment) -> list[Entry]:
    """Every request that pays this payee since the payout was asked for, refused ones included, in order."""
    tail = payment.msisdn[-9:]
    found = [
        entry
        for call in PAYOUT_CALLS
        for entry in context.journal.entries(since=payment.since, endpoint=call, kind="request")
        if re.sub(r"\D", "", str(body_of(entry).get("PartyB", ""))).endswith(tail)
    ]
    return sorted(found, key=lambda entry: int(entry["seq"]))


def originator_ids(requests: Iterable[Entry]) -> list[str]:
    """The different OriginatorConversationIDs of requests, in order: each is one payout for Daraja.

    A request without one, or of a call that reads none, is a payout of its own if Daraja accepted it.
    """
    return list(dict.fromkeys(name for entry in requests if (name := _name_of(entry))))


def _name_of(entry: Entry) -> str:
    own = body_of(entry).get("OriginatorConversationID")
    if own and entry.get("endpoint") not in WITHOUT_OWN_ID:
        return str(own)
    return f"none, request {entry['seq']}" if entry.get("checkout_request_id") else ""


def error_of(entry: Entry) -> str:
    """The error code of Daraja's answer; empty where it has none."""
    return str(answer_of(entry).get("errorCode") or "")


def transactions(context: CheckContext, payment: Payment) -> list[dict[str, Any]]:
    """Daraja's records of the payouts to this payee that it accepted, oldest first."""
    return [row for row in context.control.payments(msisdn=payment.msisdn) if row["kind"] in PAYOUT_CALLS]


def has_result(context: CheckContext, payment: Payment) -> bool:
    """Whether M-Pesa has decided on a payout; the merchant may not know it yet."""
    return any(row["state"] in ("paid", "failed") for row in transactions(context, payment))


def bring_results(context: CheckContext, rows: Iterable[Mapping[str, Any]]) -> None:
    """Let M-Pesa send now the results that it has not sent yet. `rows`: Daraja's records of payouts or reversals."""
    for row in rows:
        with suppress(ControlError):  # it has sent its result
            context.control.bring_result(row["checkout_request_id"])


def asked_about(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant asked for the transaction status of this payout."""
    names = _names(context, payment)
    return any(
        "/transactionstatus/" in str((entry.get("request") or {}).get("url"))
        and any(name in str((entry.get("request") or {}).get("body")) for name in names)
        for entry in context.journal.entries(since=payment.since, kind="request")
    )


def refused_credentials(context: CheckContext) -> list[dict[str, Any]]:
    """Daraja's records of the run's payouts whose credential M-Pesa itself refused, and no scenario."""
    return [
        row
        for row in context.control.payments()
        if row["kind"] in PAYOUT_CALLS
        and str(row["result_code"]) in CREDENTIAL_REFUSED
        and str(row.get("forced")) in CREDENTIAL_REFUSED
    ]


def _names(context: CheckContext, payment: Payment) -> set[str]:
    """The ids by which a status query, or its result, can name a payout."""
    rows = transactions(context, payment)
    named = {str(row[key]) for row in rows for key in ("checkout_request_id", "merchant_request_id")}
    return named | set(originator_ids(payout_requests(context, payment)))


def statuses_received(context: CheckContext, payment: Payment) -> set[str]:
    """The values of TransactionStatus in the results of status queries about this payout."""
    names, found = _names(context, payment), set()
    for entry in context.journal.entries(since=payment.since, kind="callback"):
        parameters = result_parameters(entry)
        if (
            parameters.get("TransactionStatus")
            and {parameters.get("OriginatorConversationID"), parameters.get("ConversationID")} & names
        ):
            found.add(str(parameters["TransactionStatus"]))
    return found


def sent_again(ids: Sequence[str], *, to_businesses: bool) -> str:
    """The words of a reason for how a payout was sent again, and what was expected. `ids`: as of `originator_ids`."""
    if to_businesses:
        return "by a second B2B request, which has no id that would make it the same payout; expected a question"
    if ids[1].startswith("none"):
        return (
            f"without an OriginatorConversationID ({ids[1]}), which B2C version 1 has not and version 3 needs: nothing "
            "makes it the same payout; expected no second request, or a question"
        )
    return f"under a new OriginatorConversationID ({ids[0]}, then {ids[1]}); expected the same one, or a question"


def expect_one_id(context: CheckContext, payment: Payment, why: str) -> None:
    """Expect that a payout was not sent under two OriginatorConversationIDs. `why`: the circumstances.

    Raises:
        WrongCredit: it was, so that Daraja counts two payouts.
    """
    ids = originator_ids(payout_requests(context, payment))
    if len(ids) > 1:
        paid = sum(row["state"] == "paid" for row in transactions(context, payment))
        again = sent_again(ids, to_businesses=pays_businesses(context))
        raise WrongCredit(f"{why}, and the payout was sent again {again} first. M-Pesa paid {paid} times so far")


def watch(context: CheckContext, payment: Payment, *, for_s: float, why: str, unpaid: bool = False) -> None:
    """Expect that a payout is not sent under another id during `for_s`, and not shown as failed.

    `unpaid`: expect too that it is not shown as paid before M-Pesa has paid it. `why`: the circumstances.

    Raises:
        WrongCredit: it was sent under another id. Failed: it was shown as failed, or as paid.
        Untested: its state is a word that the target file does not know.
    """
    end = time.monotonic() + for_s
    while True:
        expect_one_id(context, payment, why)
        view = context.observations.status(payment)
        if view.state is FAILED:
            raise Failed(f"{why}, and the payout is {say(view)}; expected pending or review, for money may have moved")
        if unpaid and view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, payment)):
            raise Failed(f"{why}, and the payout is {say(view)}; expected it not to be paid without a result")
        if time.monotonic() >= end or not context.time.remains:
            require_readable(payment, view)
            return
        context.time.pause(LOOK_EVERY_S)


def expect_results_taken(context: CheckContext, payment: Payment, *, count: int = 1, within_s: float = 35.0) -> None:
    """Require that the merchant answered `count` messages about this payout within `within_s`.

    Raises:
        Untested: it did not, so nothing can be judged.
    """
    if not context.observations.wait("callback_answered", payment, count=count, within_s=within_s):
        raise Untested(f"fewer than {count} messages about this payout were answered by the merchant")


def answered_messages(context: CheckContext, scenario: Mapping[str, Any], since: int) -> list[Entry]:
    """The messages of a scenario since then that the merchant has answered."""
    entries = context.journal.entries(since=since, kind="callback")
    return [entry for entry in entries if entry.get("scenario") == scenario["scenario"] and entry.get("response")]


def require_taken(entry: Entry, what: str) -> None:
    """Expect that the merchant answered a message with a status below 500. `what`: its name in the reason.

    Raises:
        Failed: it did not.
    """
    status = status_of(entry)
    if status is None or status >= CRASH:
        raise Failed(f"{what} was answered {status or entry.get('error')}; expected 200")


def alerted(context: CheckContext, before: tuple[str, ...]) -> bool:
    """Whether staff see one alert more than `before`, waiting some seconds for it."""
    return context.time.until(lambda: len(context.driver.read_alerts() or ()) > len(before), within_s=ALERT_WITHIN_S)


def readable_balance(context: CheckContext, msisdn: str) -> float | None:
    """Shillings that can still be paid out to this person; None: no balances are kept, or it cannot be read."""
    payout = context.target.merchant.payout
    if payout is None or payout.wallet is None:
        return None
    return context.driver.read_wallet(msisdn)[0]


IDLE_S: Final = 30.0
"""M-Pesa has paid what it accepted within this time: a second payout of the last check may still be under way."""


def wait_until_idle(context: CheckContext, payments: Iterable[Payment]) -> bool:
    """Wait until M-Pesa has handled all requests about these payees; whether it has."""
    until = time.monotonic() + IDLE_S
    return all(
        context.control.wait("idle", msisdn=msisdn, timeout_s=max(0.05, until - time.monotonic()))["met"]
        for msisdn in {payment.msisdn for payment in payments}
    )


def judge_payouts(context: CheckContext, rule_id: str) -> None:
    """Judge all payouts of the run by one money invariant.

    Raises:
        WrongCredit: it is broken; Unjudged: part of the journal is gone; Untested: nothing put it to the test.
    """
    few = sum(len(run.payouts) for run in (context.run, *context.run.others)) < FEW
    if few and not context.run.scenarios_only:
        lost = payout_situation("inline/ack-lost", {"ack_lost": {"drop": True}}, outcome=after(RETRIED_S))
        made = [pay_out_sent(context, scenario) for scenario in ("payout/success", lost, *TROUBLED)]
        for payment in made:
            expect_results_taken(context, payment)
    payouts = context.run.payouts
    is_idle = wait_until_idle(context, payouts)
    for payment in payouts:
        context.observations.status(payment)
    try:
        since = min((one.since for one in payouts), default=1)
        known = payouts_by_msisdn(context.control, since=since, forged=context.run.forged)
    except JournalIncomplete as error:
        raise Unjudged(str(error)) from error
    of_one_person = Counter(payment.msisdn for payment in payouts)
    found = judge_invariant(
        rule_id,
        [payout_record(context, payment, known, is_shared=of_one_person[payment.msisdn] > 1) for payment in payouts],
    )
    context.evidence.tries = found.judged
    require_kept(context, found, payouts, is_idle=is_idle)


def require_kept(
    context: CheckContext, found: InvariantJudgement, payments: Iterable[Payment], *, is_idle: bool
) -> None:
    """Expect that the payouts or refunds keep the invariant. `is_idle`: M-Pesa has handled all requests.

    Raises:
        WrongCredit: it is broken; Unjudged: more may still be sent; Untested: nothing put it to the test.
    """
    if found.violations:
        broken = {one.reference for one in found.violations[:3]}
        context.evidence.cite(*(payment for payment in payments if payment.reference in broken))
        raise WrongCredit(found.sentence)
    if not is_idle:
        raise Unjudged(f"M-Pesa was not idle {IDLE_S:.0f} s after the last check, so more money may be sent")
    if found.not_met:
        raise Untested(f"{found.not_met}, so this invariant was not put to the test")


def payout_record(
    context: CheckContext, payment: Payment, known: Mapping[str, Sequence[DarajaTransaction]], *, is_shared: bool
) -> PaymentRecord:
    """The record of a payout from both sides. `is_shared`: others of the run pay the same person other amounts."""
    to_person, has_amount = known.get(payment.msisdn, ()), context.profile.receives_payout_amount
    is_shared = is_shared and has_amount
    return PaymentRecord(
        reference=payment.reference,
        ordered=float(payment.amount) if has_amount else None,
        transactions=tuple(one for one in to_person if not is_shared or one.amount == float(payment.amount)),
        observations=context.run.observations(payment.reference),
        kind=PaymentKind.PAYOUT,
    )
