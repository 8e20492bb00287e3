"""The payment push of Bill Manager: a message about each payment to an organisation that opted in. Reference 3.13.

Which payments it reports is assumed: those of customers, by STK push or C2B, with an account reference. The rows of
these two kinds name it among their further messages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tayari_simulator.apis.bill_manager import BillBook
from tayari_simulator.apis.core.daraja_state import DarajaState, FurtherMessage
from tayari_simulator.apis.core.fields import flat_schema
from tayari_simulator.state.behaviour import Call, Delivery
from tayari_simulator.state.exchange import dumps
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.state.transactions import Transaction


def payment_push(state: DarajaState, transaction: Transaction, at_s: float) -> Delivery | None:
    """Note a payment on its invoice, and return its message; None: its receiver does not use Bill Manager."""
    opt_ins = state.part(BillBook).opt_ins
    if not opt_ins or not transaction.reference:
        return None
    opt_in = opt_ins.get(transaction.party_b) or opt_ins.get(transaction.short_code)
    if opt_in is None:
        return None
    state.part(BillBook).pay(transaction.reference, transaction.amount)
    body = _body(state, transaction, at_s, opt_in.short_code)
    return Delivery(
        at_s, opt_in.callback_url, body, transaction.id, transaction.msisdn, note="Bill Manager payment push",
        attempts_left=max(0, int(state.options.number("bill_manager_push_attempts")) - 1),
    )  # fmt: skip


def _body(state: DarajaState, transaction: Transaction, at_s: float, short_code: str = "") -> bytes:
    return dumps({
        "transactionId": transaction.receipt or state.ids.receipt(at_s),
        "paidAmount": str(transaction.amount),
        "msisdn": transaction.msisdn,
        "dateCreated": f"{datetime.fromtimestamp(at_s, EAT):%Y-%m-%d}",
        "accountReference": transaction.reference,
        "shortCode": short_code or transaction.short_code,
    })  # fmt: skip


PUSHED_PAYMENT: Final = FurtherMessage(Call.PAYMENT_PUSH, payment_push, _body)
PAYMENT_PUSH: Final = flat_schema(
    "Bill Manager: payment push", "transactionId", "paidAmount", "msisdn", "dateCreated", "accountReference",
    "shortCode",
)  # fmt: skip
