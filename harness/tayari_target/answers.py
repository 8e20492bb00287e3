"""What a merchant's answers say, read as the target file tells: pure functions of the driver."""

from __future__ import annotations

from tayari_formats.json_text import problem_of, read_value
from tayari_money.payment_state import PaymentState

from tayari_target.extraction import (
    as_number,
    as_text,
    find,
    find_all,
    is_absurd_number,
    looks_like_html,
    visible_text,
)
from tayari_target.target_file.model import ANY_OTHER, Status
from tayari_target.views import Answer, LedgerView, Started


def mapped_state(status: Status, raw: str) -> PaymentState | None:
    """Our state for the merchant's word: exact first, then whatever the case, then by `*`; None for an unknown word."""
    if raw in status.states:
        return status.states[raw]
    folded = raw.casefold()
    others = status.states.get(ANY_OTHER) if raw else None
    return next((state for word, state in status.states.items() if word.casefold() == folded), others)


def not_started(key: str) -> Started:
    """Nothing was started: the target file does not say how."""
    return Started(accepted=False, status=None, payment_id=None, error=f"the target file has no {key}")


def read_started(answer: Answer, id_at: str | None, message_at: str | None, reference: str) -> Started:
    """A payment, payout or refund that was asked for; its identifier is `reference` where no extractor finds it."""
    found = as_text(find(id_at, answer)) if id_at is not None else reference
    return Started(
        accepted=answer.status is not None and answer.status < 400,
        status=answer.status,
        payment_id=found or None,
        message=read_message(message_at, answer),
        body=answer.body,
        error=answer.error,
        duration_s=answer.duration_s,
        content_type=answer.content_type,
    )


def is_refused(answer: Answer) -> bool:
    """Whether there was no answer, or one that is an error."""
    return bool(answer.error) or answer.status is None or answer.status >= 400


def refusal(key: str, answer: Answer) -> str:
    """Why the request of a key of the target file was not served; empty where it was."""
    return (answer.error or f"{key} answered {answer.status}") if is_refused(answer) else ""


def read_texts(written: str, answer: Answer) -> tuple[str, ...]:
    """Everything that an extractor finds; the members of a list one by one."""
    found = find_all(written, answer)
    members = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    return tuple(as_text(member) for member in members)


def read_message(written: str | None, answer: Answer) -> str:
    """What the customer is told: by the extractor, or all that a page shows."""
    found = as_text(find(written, answer)).strip() if written is not None else ""
    if not found and looks_like_html(answer):
        return visible_text(answer.body)
    return found


def read_credits(credits_at: str, total_at: str | None, answer: Answer, *, named: str = "ledger.credits") -> LedgerView:
    """How often, and how much, was credited. `named` is the key of the target file whose extractor counts."""
    problem = problem_of(answer.body)
    if problem:
        return LedgerView(credits=None, error=f"the ledger cannot be read: {problem}")
    found = find_all(credits_at, answer)
    many = credits_at.startswith("$") and ("*" in credits_at or "?" in credits_at)
    total = as_number(find(total_at, answer)) if total_at is not None else None
    if many and read_value(answer.body) is not None:
        return LedgerView(credits=len(found), total=total)
    if not found:
        return LedgerView(credits=None, error=f"{named} ({credits_at}) found nothing in the answer; correct it")
    first = found[0]
    if isinstance(first, list):
        return LedgerView(credits=len(first), total=total)
    if is_absurd_number(first):
        return LedgerView(credits=None, total=total, error=_absurd_credits(f"{named} ({credits_at})", first))
    number = as_number(first)
    count = len(found) if len(found) > 1 or number is None else int(number)
    return LedgerView(credits=count, total=total)


def _absurd_credits(where: str, found: object) -> str:
    shown = as_text(found)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}... ({len(shown)} characters)"
    return f"{where} found {shown}; expected a count of credits; let the merchant answer one"
