"""S09: buy goods names the store number and the till."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Inapplicable
from tayari_contracts.steps.pushes import first_push

BUY_GOODS = "CustomerBuyGoodsOnline"


@check("S09")
def names_store_and_till(context: CheckContext) -> None:
    """The numbers of one push are compared."""
    body = body_of(first_push(context, context.actions.pay()))
    kind, store, party_b = (str(body.get(name, "")) for name in ("TransactionType", "BusinessShortCode", "PartyB"))
    till = context.target.daraja.till
    if kind != BUY_GOODS:
        if till is None:
            raise Inapplicable(f"the merchant has a pay bill number (TransactionType is {kind or 'missing'})")
        raise Failed(f"daraja.till is {till}, and TransactionType is {kind or 'missing'}; expected {BUY_GOODS}")
    if store == party_b:
        raise Failed(f"BusinessShortCode and PartyB are both {store}; expected the store number and the till")
    if till is not None and party_b != till:
        raise Failed(f"PartyB is {party_b}; expected the till {till}")
