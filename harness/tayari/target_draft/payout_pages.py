"""What a merchant's source says of payouts besides their request and state: what staff read, and what limits them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari.target_draft.draft import ListDraft, Value
from tayari.target_draft.merchant_routes import MerchantRoute, answer_code
from tayari.target_draft.message_keys import answer_keys, first_key, listed_fields
from tayari.target_draft.roles import choose
from tayari.target_draft.source_files import Project, compiled

_TEXT: Final = r"(?i)^(text|message|alert|notice|detail|title|reason|note)$"
_TEXTS: Final = r"(?i)^(alerts?|notices?|messages?|exceptions?|incidents?|items|results|data)$"
_AVAILABLE: Final = r"(?i)^(available|balance|wallet|amount|remaining|float)(_?(balance|amount|kes))?$"
_PERSON: Final = r"(?i)phone|msisdn|mobile|number"


def payout_alerts(project: Project, found: Sequence[MerchantRoute]) -> ListDraft | None:
    """Where staff read what needs a person; None where no page looks like it."""
    chosen = choose("payout alerts", found)
    if chosen is None:
        return None
    answer = answer_code(project, chosen.route)
    keys = [*listed_fields(project, answer), *answer_keys(answer)]
    text, inside = first_key(keys, _TEXT), first_key(answer_keys(chosen.route.code), _TEXTS)
    place = (f"$.{inside}" if inside and inside != text else "$") + "[*]" + (f".{text}" if text else "")
    request = Value(
        f"{chosen.route.method} {chosen.route.path}", chosen.route.place, "do staff read here what needs a person?"
    )
    return ListDraft(request=request, texts=Value(place, doubt="" if text else "where the texts are in the answer"))


def payout_wallet(project: Project, found: Sequence[MerchantRoute]) -> ListDraft | None:
    """The balance of its own from which payouts are taken; None where no person's balance can be read."""
    chosen = choose("payout wallet", [route for route in found if len(route.variables) == 1])
    if chosen is None or not compiled(_PERSON).search(chosen.route.variables[0]):
        return None
    key = first_key(answer_keys(answer_code(project, chosen.route)), _AVAILABLE)
    path = compiled(r"\{\w+\}").sub("{msisdn}", chosen.route.path)
    return ListDraft(
        request=Value(f"GET {path}", chosen.route.place, "are payouts taken from this balance? If not, leave it out"),
        texts=Value(f"$.{key}" if key else "$.available", doubt="" if key else "the shillings that can be paid out"),
    )
