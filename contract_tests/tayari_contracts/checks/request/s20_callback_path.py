"""S20: the callback's address does not reach browsers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, urlsplit

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.forged_callback import secret_parts

SHORTEST: Final = 6
"""Characters; a shorter path (/cb) may be a part of any other address."""


@check("S20")
def browsers_see_no_callback_address(context: CheckContext) -> None:
    """The answers to the customer's device, at the start and on the page of an ordinary payment, are searched."""
    payment = context.actions.pay_accepted(situation("inline/s20-paid", outcome=after(1.0)))
    if context.profile.shows_state:
        context.observations.status(payment)
        context.observations.wait("callback_answered", payment)
        context.observations.status(payment)
    url = str(context.journal.record(payment)["callback_url"])
    answers = [
        f"{answer.response_headers} {answer.response_body}"
        for answer in context.evidence.driver_exchanges
        if answer.title in ("start payment", "read status")
    ]
    if found := disclosed(url, answers, known=(payment.payment_id, payment.reference)):
        raise Failed(
            f"what the customer's browser was answered holds {found} of the CallBackURL; expected it to be known to "
            "Daraja alone: with it, anybody can send results"
        )


def disclosed(url: str, answers: Iterable[str], *, known: Iterable[str]) -> str:
    """The part of the address that an answer holds, in words: its path, or a secret part; empty: it holds none.

    `known`: parts that are no secrets.
    """
    everything = "\n".join(answers).replace("\\/", "/")
    path = urlsplit(url).path
    if len(path) >= SHORTEST and path in unquote(everything):
        return "the path"
    parts = [part for part in secret_parts(url) if part not in known]
    return "the secret part" if any(part in everything for part in parts) else ""
