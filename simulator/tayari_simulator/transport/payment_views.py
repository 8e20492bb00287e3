"""Payments and settings in the form of the control API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tayari_simulator import __version__
from tayari_simulator.apis.c2b.c2b_payment import VALIDATED
from tayari_simulator.apis.core.organisations import Business, Organisation
from tayari_simulator.apis.core.prompts import phone_of
from tayari_simulator.config import Config
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.ledger import Account, Ledger
from tayari_simulator.state.transactions import Transaction, Transactions

Json = dict[str, Any]


def transaction_dict(transaction: Transaction) -> Json:
    """A payment as in `docs/control-api.md`. Times are clock seconds since the epoch."""
    return {
        "id": transaction.id,
        "kind": transaction.kind,
        "checkout_request_id": transaction.id,
        "merchant_request_id": transaction.request_id,
        "msisdn": transaction.msisdn,
        "phone": phone_of(transaction),
        "amount": transaction.amount,
        "command": transaction.command,
        "account_reference": transaction.reference,
        "short_code": transaction.short_code,
        "party_b": transaction.party_b,
        "scenario": transaction.play.behaviour.name if transaction.play is not None else "",
        "state": str(transaction.status),
        "forced": transaction.forced,
        "result_code": transaction.result_code,
        "result_desc": transaction.result_desc,
        "receipt": transaction.receipt,
        "callback_url": transaction.url,
        "created_at": transaction.created_s,
        "result_due_at": transaction.due_s,
        "validation": (transaction.details or {}).get(VALIDATED),
        "callbacks": [callback_dict(exchange) for exchange in transaction.callbacks],
    }


def transactions_of(
    store: Transactions, msisdn: str | None, transaction_id: str | None, reference: str | None
) -> list[Transaction]:
    """All payments that match what is given, oldest first."""
    rows: Sequence[Transaction]
    if transaction_id is not None:
        found = store.find_by_any_id(transaction_id)
        rows = [] if found is None else [found]
    else:
        rows = store.of(msisdn) if msisdn is not None else store.all()
    return [
        row
        for row in rows
        if (msisdn is None or row.msisdn == msisdn) and (reference is None or row.reference == reference)
    ]


def organisation_dict(organisation: Organisation, ledger: Ledger) -> Json:
    """An organisation as in `docs/control-api.md`. Balances in whole shillings; no password is shown."""
    urls = organisation.urls
    return {
        "short_code": organisation.short_code,
        "name": organisation.name,
        "till": organisation.till,
        "store_number": organisation.store_number,
        "active": organisation.active,
        "nominated_number": organisation.nominated_number,
        "limits": {"largest_amount": organisation.largest_amount, "daily_payout": organisation.daily_payout},
        "validates": organisation.validates,
        "confirms_pushes": organisation.confirms_pushes,
        "lists_pushes": organisation.lists_pushes,
        "initiators": [row.name for row in organisation.initiators],
        "expired_initiators": [row.name for row in organisation.initiators if row.expired],
        "balances": {str(account): ledger.balance(organisation.short_code, account) for account in Account},
        "urls": None
        if urls is None
        else {
            "response_type": urls.response_type,
            "confirmation": urls.confirmation,
            "validation": urls.validation,
        },
    }


def callback_dict(exchange: JournalExchange) -> Json:
    """One callback of a payment: `sent_at` is null until it is written, `status` until it is answered."""
    return {
        "due_at": exchange.due_s,
        "sent_at": exchange.at_s if exchange.sent else None,
        "status": exchange.status or None,
        "duration_s": exchange.duration_s,
        "error": exchange.error,
    }


def business_of(config: Config) -> Business:
    """The one organisation of a simulator."""
    return Business(
        short_code=config.short_code,
        passkey=config.passkey,
        till=config.till,
        consumer_key=config.consumer_key,
        consumer_secret=config.consumer_secret,
    )


def configured(config: Config) -> dict[str, Any]:
    """The part of `GET /v1/settings` that never changes."""
    return {
        "profile": str(config.profile),
        "seed": config.seed,
        "clock": config.clock,
        "short_code": config.short_code,
        "till": config.till,
        "deliver_to": config.deliver_to,
        "source_header": config.source_header,
        "journal": config.journal_file,
        "version": __version__,
    }
