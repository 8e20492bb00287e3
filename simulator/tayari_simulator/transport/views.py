"""Payments and settings in the form of the control API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tayari_simulator import __version__
from tayari_simulator.apis.business import Business
from tayari_simulator.config import Config
from tayari_simulator.state.exchange import Exchange
from tayari_simulator.state.transaction_store import Payments
from tayari_simulator.state.transactions import Payment

Json = dict[str, Any]


def payment_dict(payment: Payment) -> Json:
    """A payment as in `docs/control-api.md`. Times are clock seconds since the epoch."""
    return {
        "checkout_request_id": payment.checkout_request_id,
        "merchant_request_id": payment.merchant_request_id,
        "msisdn": payment.msisdn,
        "amount": payment.amount,
        "account_reference": payment.account_reference,
        "short_code": payment.short_code,
        "party_b": payment.party_b,
        "scenario": payment.play.behaviour.name if payment.play is not None else "",
        "state": str(payment.status),
        "result_code": payment.result_code,
        "result_desc": payment.result_desc,
        "receipt": payment.receipt,
        "callback_url": payment.callback_url,
        "created_at": payment.created_s,
        "result_due_at": payment.due_s,
        "callbacks": [callback_dict(exchange) for exchange in payment.callbacks],
    }


def payment_dicts(
    store: Payments, msisdn: str | None, checkout_request_id: str | None, reference: str | None
) -> list[Json]:
    """All payments that match what is given, oldest first."""
    rows: Sequence[Payment]
    if checkout_request_id is not None:
        found = store.find(checkout_request_id)
        rows = [] if found is None else [found]
    else:
        rows = store.of(msisdn) if msisdn is not None else store.all()
    return [
        payment_dict(row)
        for row in rows
        if (msisdn is None or row.msisdn == msisdn) and (reference is None or row.account_reference == reference)
    ]


def callback_dict(exchange: Exchange) -> Json:
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
