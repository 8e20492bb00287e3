"""What is read back of the preflight's payments, beside what Daraja knows of them: a path that finds nothing, or finds
something else, would make rules blame the merchant for its target file. Nothing here stops a run: the merchant may
truly say nothing, or credit another amount, and then the rules judge that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tayari_contracts.catalogue.rules import Need, catalogue
from tayari_contracts.runner.check_schedule import applicable
from tayari_formats.exit_codes import Exit
from tayari_money.payment_record import PaymentState
from tayari_target.adapter import shown
from tayari_target.answers import MerchantAnswer, as_number, find, key_paths
from tayari_target.target_file.extractor import ExtractorKind, compile_extractor
from tayari_target.target_file.target_model import Target
from tayari_target.views import LedgerView, Started, StatusView

from tayari.run.doctor.diagnose_merchant import answer_of, nothing_found
from tayari.run.doctor.doctor_findings import DoctorFinding, warning

NULL_SUM: Final = "; in SQL, a SUM over no rows is NULL, which counts as nothing: write COALESCE(SUM(...), 0)"

_WORDS: Final = 3
"""A text with this many words is meant for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """One payment as the merchant shows it, once it has ended."""

    view: StatusView
    ledger: LedgerView | None = None
    audit: tuple[str, ...] | None = None
    """None: not configured, or not readable."""


def still_pending(view: StatusView, answered: int | None, within_s: float) -> DoctorFinding:
    """The callback of a paid payment was taken, and its state did not move."""
    message = f"the payment is still pending {within_s:g} s after its callback was answered {answered}"
    if answered is not None and not 200 <= answered < 300:
        return warning("status", message, "fix first what the callback's answer says")
    fix = (
        "if your merchant ignores callers that are not Safaricom, name the header in which it reads the caller's "
        f"address: callbacks.source_header; if {view.raw_state!r} is of another payment, correct merchant.status or "
        "merchant.pay.payment_id; if it only takes longer, the rules will judge that"
    )
    return warning("status", message, fix)


def never_asked(within_s: float) -> DoctorFinding:
    """A paid payment of a merchant without callbacks, whose state did not move."""
    fix = (
        "see whether the merchant asks Daraja about open payments; correct promises.reconcile_within_s, or "
        "merchant.status; if its page makes it ask, name that request as merchant.status.refresh"
    )
    return warning("status", f"the payment is still pending {within_s:g} s after M-Pesa had its result", fix)


def paid_otherwise(view: StatusView) -> DoctorFinding:
    """A paid payment that the merchant shows as something else."""
    message = (
        f"the payment is paid, and the merchant says {view.raw_state!r}, which the target file maps to {view.state}"
    )
    fix = "correct merchant.status (state, states), unless the merchant is wrong: the rules will judge that"
    return warning("status", message, fix)


def paid(readings: Readings, target: Target, *, receipt: str, amount: float) -> Iterator[DoctorFinding]:
    """Paths that found nothing, or something else, of a payment that is paid."""
    if target.merchant.takes_callbacks:  # a query names no receipt
        yield from _receipt(readings.view, target, receipt)
    yield from _credited(readings.view, target, amount)
    yield from _ledger(readings.ledger, target, amount)
    if target.merchant.takes_callbacks and readings.audit == () and target.merchant.audit is not None:
        written = target.merchant.audit.messages
        found = f"merchant.audit.messages ({written}) found no stored callback, and one was taken"
        yield warning("audit", found, "correct merchant.audit, unless the merchant keeps none: the rules judge that")


def cancelled(view: StatusView, target: Target, within_s: float, *, paid: StatusView) -> Iterator[DoctorFinding]:
    """A payment that its customer cancelled, after its result: not failed, or without the credit that `paid` showed."""
    if view.state is not PaymentState.FAILED:
        known = "its callback was answered" if target.merchant.takes_callbacks else "M-Pesa had its result"
        message = f"a cancelled payment is {view.state} ({view.raw_state!r}) {within_s:g} s after {known}"
        fix = "correct merchant.status.states, unless the merchant is wrong: the rules will judge that"
        yield warning("cancelled payment", message, fix)
    if paid.credited is not None:
        yield from _unread_credit(view, target)


def unsaid(started: Started, views: tuple[StatusView, ...], target: Target) -> Iterator[DoctorFinding]:
    """Paths of the message to the customer that found nothing: of a status, in no ending."""
    pay, status = target.merchant.pay.message, target.merchant.status
    yield from _unsaid("merchant.pay.message", pay, (answer_of(started),), "the answer to the payment")
    answers = tuple(MerchantAnswer(body=view.body) for view in views)
    yield from _unsaid("merchant.status.message", status.message if status else None, answers, "the status answer")


def left_out(
    paid: StatusView, cancelled: StatusView, target: Target, *, receipt: str, amount: float
) -> Iterator[DoctorFinding]:
    """Optional keys that the target file lacks: rules fall away without them. The status answers may hold the values.

    A path is offered where what it holds of the paid payment and of the cancelled one can hardly be anything else.
    """
    status = target.merchant.status
    if status is None:
        return
    seen = shown(target)
    values = {path: (value, _at(path, cancelled)) for path in _paths(paid) if (value := _at(path, paid)) is not None}
    if not (seen.ledger or seen.credited):
        sums = [path for path, (value, other) in values.items() if _is_sum(value, amount) and not as_number(other)]
        key = f"merchant.status.credited: {sums[0]}" if sums else "merchant.ledger or merchant.status.credited"
        yield _rules_lost(Need.CREDITS, target, key, "what was credited", is_offer=bool(sums))
    if not seen.receipt and (found := [path for path, (value, _) in values.items() if value == receipt]):
        yield _rules_lost(Need.RECEIPT, target, f"merchant.status.receipt: {found[0]}", "receipts", is_offer=True)
    texts = [path for path, (value, other) in values.items() if _is_sentence(value) and _is_sentence(other)]
    if not seen.message and texts:
        key = f"merchant.status.message: {texts[0]}"
        yield _rules_lost(Need.MESSAGE, target, key, "what the customer is told of the end", is_offer=True)


def _rules_lost(need: Need, target: Target, key: str, what: str, *, is_offer: bool) -> DoctorFinding:
    rules = [row.rule.id for row in applicable(catalogue().values(), target) if need in row.needs]
    seen = ", and the status answer seems to hold it" if is_offer else ""
    message = (
        f"the target file does not say where {what} can be read{seen}; {len(rules)} "
        f"{'rule needs' if len(rules) == 1 else 'rules need'} it ({', '.join(rules)})"
    )
    return warning("target file", message, f"add {key}")


def _paths(view: StatusView) -> tuple[str, ...]:
    return key_paths(MerchantAnswer(body=view.body).decoded)


def _at(path: str, view: StatusView) -> object | None:
    return find(path, MerchantAnswer(body=view.body))


def _is_sum(value: object, amount: float) -> bool:
    is_number = not isinstance(value, str) or value.replace(",", "").replace(".", "", 1).isdigit()
    return is_number and not isinstance(value, bool) and as_number(value) == amount


def _is_sentence(value: object) -> bool:
    return isinstance(value, str) and len(value.split()) >= _WORDS


def _unsaid(key: str, written: str | None, answers: tuple[MerchantAnswer, ...], where: str) -> Iterator[DoctorFinding]:
    if written is None or not answers or compile_extractor(written).kind in {ExtractorKind.URL, ExtractorKind.HEADER}:
        return
    if all(find(written, answer) is None for answer in answers):
        other = "merchant.status.message" if key == "merchant.pay.message" else "merchant.pay.message"
        fix = f"correct {key}, or leave it out and name {other}: rules about what customers are told are judged by them"
        yield _soft("message", nothing_found(key, written, answers[-1], where), fix)


def _receipt(view: StatusView, target: Target, receipt: str) -> Iterator[DoctorFinding]:
    status = target.merchant.status
    if status is None or status.receipt is None or view.receipt == receipt:
        return
    if view.receipt is None:
        missing = nothing_found(
            "merchant.status.receipt", status.receipt, MerchantAnswer(body=view.body), "the status answer"
        )
        yield _soft("receipt", missing, "correct merchant.status.receipt: rules about receipts are judged by it")
        return
    message = (
        f"merchant.status.receipt ({status.receipt}) reads {view.receipt!r}, and the payment's receipt is {receipt}"
    )
    fix = "correct merchant.status.receipt, unless the merchant shows a wrong one: the rules judge that"
    yield warning("receipt", message, fix)


def _credited(view: StatusView, target: Target, amount: float) -> Iterator[DoctorFinding]:
    status = target.merchant.status
    if status is None or status.credited is None or view.credited == amount:
        return
    if view.credited is None:
        yield from _unread_credit(view, target)
        return
    message = f"merchant.status.credited ({status.credited}) reads {view.credited:g} for {amount:g} shillings paid"
    fix = "correct merchant.status.credited, unless the merchant credits another amount: the rules judge that"
    yield warning("credit", message, fix)


def _unread_credit(view: StatusView, target: Target) -> Iterator[DoctorFinding]:
    status = target.merchant.status
    if status is None or status.credited is None or view.credited is not None:
        return
    if find(status.credited, MerchantAnswer(body=view.body)) is None:
        key = "merchant.status.credited"
        missing = nothing_found(
            key, status.credited, MerchantAnswer(body=view.body), f"the status answer ({view.raw_state})"
        )
    else:
        missing = warning("", f"merchant.status.credited ({status.credited}) found no number", "")
    yield _soft("credit", missing, f"correct merchant.status.credited, 0 where nothing is credited{NULL_SUM}")


def _ledger(view: LedgerView | None, target: Target, amount: float) -> Iterator[DoctorFinding]:
    ledger = target.merchant.ledger
    if ledger is None or view is None:
        return
    unless = "unless the merchant is wrong: the rules judge that"
    if view.credits == 0:
        message = f"merchant.ledger.credits ({ledger.credits}) reads no credit for a payment that is paid"
        yield warning("ledger", message, f"correct merchant.ledger, {unless}")
    elif ledger.total is not None and view.total is None:
        message = f"merchant.ledger.total ({ledger.total}) found no number in the answer"
        yield warning("ledger", message, f"correct merchant.ledger.total{NULL_SUM}")
    elif view.total is not None and view.total != amount:
        message = f"merchant.ledger.total ({ledger.total}) reads {view.total:g} for {amount:g} shillings paid"
        yield warning("ledger", message, f"correct merchant.ledger.total, {unless}")


def _soft(name: str, found: DoctorFinding, fix: str) -> DoctorFinding:
    return replace(found, name=name, ok=True, fix=fix, exit_code=Exit.OK)
