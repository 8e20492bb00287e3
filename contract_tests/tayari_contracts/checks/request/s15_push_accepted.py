"""S15: Daraja accepts the push of an ordinary order."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of, status_of
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.payment import Entry
from tayari_contracts.steps.pushes import first_push


@check("S15")
def an_ordinary_push_is_accepted(context: CheckContext) -> None:
    """Daraja's answer to the last push of one payment without faults is read."""
    payment = context.actions.pay(situation("inline/s15-ordinary", outcome=after(0.5)))
    first_push(context, payment)
    if not context.journal.accepted(payment):
        pushes = context.journal.pushes(payment)
        raise Failed(f"Daraja refused the push of an ordinary order: {refusal(pushes[-1])}; expected ResponseCode 0")


def refusal(push: Entry) -> str:
    """Daraja's refusal of a push: HTTP status, code and message."""
    answer = answer_of(push)
    code, message = answer.get("errorCode"), answer.get("errorMessage") or answer.get("ResponseDescription")
    return " ".join(str(part) for part in (f"HTTP {status_of(push)}", code, message) if part)
