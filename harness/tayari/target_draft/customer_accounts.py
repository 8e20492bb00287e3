"""What a merchant's source says of the accounts that customers pay into by themselves (C2B)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari.target_draft.draft import AccountDraft, C2bDraft, ListDraft, RequestDraft, Value
from tayari.target_draft.merchant_routes import MerchantRoute, answer_code
from tayari.target_draft.message_keys import answer_keys, first_key, request_fields
from tayari.target_draft.roles import Chosen, body_fields, choose, required_fields
from tayari.target_draft.source_files import CODE, Project, compiled

_CONFIRMED: Final = r"\bBillRefNumber\b"
"""Only a confirmation or a validation has it."""
_NUMBER: Final = (
    r"(?i)^(account|account_?(no|number|ref|reference)|admission_?(no|number)|meter_?(no|number)?|member_?(no|number)"
    r"|bill_?ref\w*|invoice_?(no|number)|order_?(no|number|ref)|policy_?(no|number)|unit_?(no|number)|ref(erence)?)$"
)
_TOTAL: Final = (
    r"(?i)^(total_?)?(paid|credited|received|balance)(_?(in|total|amount|so_?far))?$|^amount_?(paid|received)$"
)
_LIST: Final = r"(?i)^(payments?|receipts?|credits?|transactions?|entries|deposits?|contributions?|rows|items)$"
_RECEIPT: Final = r"(?i)^(trans(action)?_?id|(mpesa_?)?(receipt|code)(_?(no|number))?|mpesa_?ref\w*)$"
_NOT_NEEDED: Final = frozenset({"{msisdn}", "{amount}"})
"""Of the request that opens an account."""
_ASKS: Final = "is this the request after which lost payments are asked for (pull transactions)?"
_OPENS: Final = "is this the request that opens an account to pay into?"
_LISTS: Final = "does it list each payment of the account, with its M-Pesa receipt?"
_READS: Final = "is this where the credits of an account are read?"


def c2b_draft(project: Project, found: Sequence[MerchantRoute], pay: MerchantRoute | None) -> C2bDraft | None:
    """How customers' own payments are registered, and where they are seen; None where the merchant takes none."""
    if project.first(_CONFIRMED, *CODE) is None:
        return None
    others = [route for route in found if route is not pay]
    register, opened = choose("c2b register", others), choose("c2b account", others)
    account = choose("c2b statement", others, near=opened.route if opened else None)
    unallocated, recover = choose("c2b unallocated", others), choose("c2b recover", others)
    return C2bDraft(
        register=_register(register),
        open_account=_open_account(project, opened) if opened else None,
        account=_account(project, account) if account else None,
        unallocated=_unallocated(project, unallocated) if unallocated else None,
        recover=Value(f"{recover.route.method} {recover.route.path}", recover.route.place, _ASKS) if recover else None,
    )


def _register(chosen: Chosen | None) -> RequestDraft | None:
    if chosen is None:
        return None
    doubt = "" if chosen.sure else "is this the request that registers the confirmation URL?"
    return RequestDraft(request=Value(f"{chosen.route.method} {chosen.route.path}", chosen.route.place, doubt))


def _open_account(project: Project, chosen: Chosen) -> RequestDraft:
    route = chosen.route
    body, doubt = request_fields(
        body_fields(project, route), required_fields(project, route), optional=frozenset({"{msisdn}", "{amount}"})
    )
    key = first_key(answer_keys(answer_code(project, route)), _NUMBER)
    return RequestDraft(
        request=Value(f"{route.method} {route.path}", route.place, _OPENS),
        body=body,
        body_doubt=doubt,
        identifier=Value(
            f"$.{key} | $.data.{key}" if key else "$.account",
            doubt="" if key else "where the number that customers type is in the answer",
        ),
    )


def _account(project: Project, chosen: Chosen) -> AccountDraft:
    route = chosen.route
    path = compiled(r"\{\w+\}").sub("{account}", route.path)
    doubt = _READS if "{account}" in path else f"{_READS} It has no place for the number"
    answer = answer_code(project, route)
    keys = answer_keys(answer)
    total, listed = first_key(keys, _TOTAL), first_key(keys, _LIST)
    receipt = first_key([*keys, *_selected(answer)], _RECEIPT)
    return AccountDraft(
        request=Value(f"{route.method} {path}", route.place, doubt),
        total=Value(f"$.{total}" if total else "$.total", doubt="" if total else "the shillings that were credited"),
        credits=Value(f"$.{listed}") if listed else None,
        statement=Value(f"$.{listed}[*].{receipt}", doubt=_LISTS) if listed and receipt else None,
    )


def _selected(answer: str) -> Sequence[str]:
    """The columns that the code of an answer reads from a database."""
    rows = compiled(r"(?i)\bselect\s+([\w\s,.]+?)\s+from\b").findall(answer)
    return [name for row in rows for name in compiled(r"(\w+)\s*(?:,|$)").findall(row)]


def _unallocated(project: Project, chosen: Chosen) -> ListDraft:
    route = chosen.route
    answer = answer_code(project, route)
    keys = answer_keys(answer)
    listed, receipt = first_key(keys, _LIST), first_key([*keys, *_selected(answer)], _RECEIPT)
    place = f"$.{listed}[*].{receipt}" if listed and receipt else f"$[*].{receipt}" if receipt else "$[*]"
    doubt = "" if listed and receipt else "where the receipts of these payments are in the answer"
    return ListDraft(request=Value(f"{route.method} {route.path}", route.place), texts=Value(place, doubt=doubt))
