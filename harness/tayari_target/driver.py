"""`MerchantDriver`: starts payments at a merchant and reads their states, as the target file says."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from tayari_control.http_session import MerchantSession
from tayari_money.payment_record import PaymentState

from tayari_target.adapter import checked_view, load_adapter
from tayari_target.answers import (
    MerchantAnswer,
    as_number,
    is_refused,
    missing,
    not_started,
    read_credits,
    read_shillings,
    read_started,
    read_texts,
    read_view,
    refusal,
)
from tayari_target.sender import Record, Sender
from tayari_target.state_probes import probe
from tayari_target.target_file.placeholders import fill
from tayari_target.target_file.target_model import (
    NOTHING,
    CallTemplate,
    CreditSource,
    Listing,
    Pay,
    StatusSource,
    Target,
    UtilityBalance,
    WalletSource,
)
from tayari_target.views import LedgerView, Started, StatusView

__all__ = ["LedgerView", "MerchantDriver", "Started", "StatusView", "value_at"]

_MOST_KEPT: Final = 100_000
"""How many payments are remembered: their amounts, and who pays them."""
_NOTHING_CREDITED: Final = LedgerView(credits=0, total=0.0)
_View = TypeVar("_View")
_Kept = TypeVar("_Kept")


class MerchantDriver:
    """Drives one merchant. Thread-safe; no method raises for what the merchant or the network does.

    `session`: another `MerchantSession`, such as the load's; `record` is called with every exchange;
    `placeholders` are those of the run (`daraja_url`, `port`, `work_dir`, ...: `TestEnvironment.placeholders`).

    Raises:
        AdapterError: the target file names an adapter that cannot be loaded.
    """

    def __init__(
        self,
        target: Target,
        *,
        session: MerchantSession | None = None,
        record: Record | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self._given = placeholders or {}
        self._sender = Sender(target.merchant, self._given, session=session, record=record)
        self._adapter = load_adapter(target, self._given) if target.merchant.adapter is not None else None
        self._amounts: OrderedDict[str, int | str] = OrderedDict()
        self._payers: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """The merchant's address with its port filled in."""
        return fill(self.target.merchant.base_url, self._sender.values)

    @property
    def placeholders(self) -> Mapping[str, str]:
        """The values of this run, with what the log-in steps saved."""
        return self._sender.values

    @property
    def saved(self) -> tuple[str, ...]:
        """What the log-in steps saved: tokens, which no report may show."""
        names = {name for step in self.target.merchant.login for name in step.save}
        return tuple(self._sender.values[name] for name in sorted(names) if name in self._sender.values)

    def another(self, *, record: Record | None = None, session: MerchantSession | None = None) -> MerchantDriver:
        """A second one for the same merchant, with its own log-in and its own record."""
        return MerchantDriver(self.target, session=session, record=record, placeholders=self._given)

    def close(self) -> None:
        """Give the connections back."""
        self._sender.close()

    def log_in(self) -> str:
        """Run the log-in steps now; the reason when one fails, else an empty text."""
        return self._sender.log_in()

    def start_payment(
        self,
        *,
        msisdn: str,
        amount: int | str,
        reference: str,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        again: str | None = None,
    ) -> Started:
        """Start a payment as a customer would; without an `idempotency_key` each call gets a fresh one.

        `headers` are sent besides those of the target file; an adapter gets none. `again` is the identifier of a
        payment that has failed and is tried again, by `pay_again` where the target file has it.
        """
        key = idempotency_key or str(uuid.uuid4())
        self._keep(self._payers, reference, msisdn)
        asked = {"msisdn": msisdn, "amount": amount, "reference": reference, "idempotency_key": key}
        started = self._adapted(Started, "start_payment", **asked)
        if isinstance(started, str):
            return Started(accepted=False, status=None, payment_id=None, error=started)
        if started is None:
            values = _payment_values(msisdn, amount, reference, key) | ({} if again is None else {"payment_id": again})
            merchant = self.target.merchant
            pay = merchant.pay if again is None else merchant.pay_again or merchant.pay
            started = self._start(pay, values, timeout_s, headers or {})
        if started.payment_id is not None:
            self._keep(self._amounts, started.payment_id, amount)
        return started

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        """Read a payment's state, by request, by probe or by adapter."""
        view = self._adapted(StatusView, "read_status", payment_id=payment_id, reference=reference)
        if isinstance(view, str):
            return StatusView(state=None, error=view)
        if view is not None:
            return view
        values = {"payment_id": payment_id, "reference": reference} | self._payer(reference)
        return self._look("read status", "merchant.status", values, payment_id)

    def start_payout(self, *, msisdn: str, amount: float, reference: str, approve: bool = True) -> Started:
        """Ask the merchant to pay somebody, and approve it where that is needed; an adapter is not asked.

        `msisdn`: of a payout to another organisation its short code.
        """
        payout = self.target.merchant.payout
        if payout is None:
            return not_started("merchant.payout")
        values = _payment_values(msisdn, amount, reference, "") | {"party_b": msisdn}
        answer = self._sender.send("start payout", payout.call, values)
        started = read_started(answer, payout.payout_id, payout.message, reference)
        if approve and started.accepted and payout.approve is not None:
            why = self.approve_payout(started.payment_id or reference, reference)
            return replace(started, accepted=False, error=why) if why else started
        return started

    def approve_payout(self, payout_id: str, reference: str) -> str:
        """Let a payout go that waits for a second person; why it did not, else an empty text."""
        values = {"payout_id": payout_id, "reference": reference}
        return self._ask("approve payout", "merchant.payout.approve", values)

    def read_payout(self, payout_id: str, reference: str) -> StatusView:
        """Read a payout's state, by request or by probe."""
        values = {"payout_id": payout_id, "reference": reference}
        return self._look("read payout", "merchant.payout.status", values, payout_id)

    def read_alerts(self) -> tuple[str, ...] | None:
        """The alerts to the merchant's staff; None if the target file does not say where, or they cannot be read."""
        return self._listed("read alerts", "merchant.payout.alerts")

    def resume_payouts(self) -> str:
        """Let a merchant that has stopped its payouts go on; why it did not, else an empty text."""
        return self._ask("resume payouts", "merchant.payout.resume")

    def refresh_balance(self) -> str:
        """Make a merchant that pays out ask M-Pesa for its balance; why it did not, else an empty text."""
        return self._ask("refresh balance", "merchant.payout.balance.refresh")

    def read_balance(self) -> tuple[float | None, str]:
        """The shillings on the utility account as staff see them; None where none are shown, and why not."""
        balance: UtilityBalance | None = value_at(self.target, "merchant.payout.balance")
        if balance is None:
            return None, missing("merchant.payout.balance")
        answer = self._sender.send("read balance", balance.call, {})
        return read_shillings("merchant.payout.balance.utility", balance.utility, answer)

    def read_wallet(self, msisdn: str) -> tuple[float | None, str]:
        """The shillings that can still be paid out to this person; None where none are shown, and why not."""
        wallet: WalletSource | None = value_at(self.target, "merchant.payout.wallet")
        if wallet is None:
            return None, missing("merchant.payout.wallet")
        answer = self._answer(wallet.way, "read wallet", _numbers(msisdn) | {"party_b": msisdn})
        return read_shillings("merchant.payout.wallet.available", wallet.available, answer)

    def start_refund(self, *, payment_id: str, msisdn: str, amount: int, reference: str) -> Started:
        """Ask the merchant to give a payment back; an adapter is not asked."""
        refund = self.target.merchant.refund
        if refund is None:
            return not_started("merchant.refund")
        values = _payment_values(msisdn, amount, reference, "") | {"payment_id": payment_id}
        answer = self._sender.send("start refund", refund.call, values)
        return read_started(answer, refund.refund_id, refund.message, payment_id)

    def read_refund(self, refund_id: str, *, payment_id: str, reference: str) -> StatusView:
        """Read a refund's state, by request or by probe."""
        values = {"refund_id": refund_id, "payment_id": payment_id, "reference": reference}
        return self._look("read refund", "merchant.refund.status", values, refund_id)

    def register_c2b(self) -> Started:
        """Make the merchant register its C2B URLs."""
        c2b = self.target.merchant.c2b
        if c2b is None or c2b.register is None:
            return not_started("merchant.c2b.register")
        return read_started(self._sender.send("register C2B URLs", c2b.register, {}), None, None, "")

    def open_account(self, *, msisdn: str, amount: int, reference: str) -> Started:
        """Open an account that customers pay into; its number is the identifier."""
        c2b = self.target.merchant.c2b
        if c2b is None or c2b.open_account is None:
            return not_started("merchant.c2b.open_account")
        opened = c2b.open_account
        answer = self._sender.send("open account", opened.call, _payment_values(msisdn, amount, reference, ""))
        return read_started(answer, opened.account, None, reference)

    def read_account(self, account: str, reference: str) -> LedgerView:
        """Read what was credited to an account, by request or by probe."""
        return self._credits("read account", "merchant.c2b.account", {"account": account, "reference": reference})

    def read_c2b_payment(
        self, account: str, reference: str, *, receipt: str, before: LedgerView = _NOTHING_CREDITED
    ) -> StatusView:
        """Read a customer's payment by the account it went to.

        It is paid where that was credited since `before`, in review where staff see it as unallocated, else pending.
        """
        found = self.read_account(account, reference).since(before)
        if found.error:
            return StatusView(state=None, error=found.error)
        if ((found.total or 0.0) if found.credits is None else found.credits) > 0:
            state = PaymentState.PAID
        elif receipt and any(receipt in text for text in self.read_unallocated() or ()):
            state = PaymentState.REVIEW
        else:
            state = PaymentState.PENDING
        return StatusView(state=state, credited=found.total, credits=found.credits, http_status=200)

    def read_unallocated(self) -> tuple[str, ...] | None:
        """The payments that belong to no account, as staff see them; None where they cannot be read."""
        return self._listed("read unallocated", "merchant.c2b.unallocated")

    def read_statement(self, account: str, reference: str) -> tuple[str, ...] | None:
        """The payments of an account; None where they cannot be read."""
        return self._listed("read statement", "merchant.c2b.statement", {"account": account, "reference": reference})

    def recover_c2b(self) -> None:
        """Make the merchant ask for lost payments, where the target file says how."""
        self._ask("recover C2B payments", "merchant.c2b.recover")

    def refresh(self, payment_id: str, reference: str) -> None:
        """Make the merchant ask Daraja about a payment, where the target file says how."""
        values = {"payment_id": payment_id, "reference": reference} | self._payer(reference)
        self._ask("refresh status", "merchant.status.refresh", values)

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None:
        """Read the customer's credits for this payment; None where the target file has no `ledger`."""
        view = self._adapted(LedgerView, "read_ledger", payment_id=payment_id, reference=reference)
        if isinstance(view, str):
            return LedgerView(credits=None, error=view)
        if view is not None or self.target.merchant.ledger is None:
            return view
        values = {"payment_id": payment_id, "reference": reference} | self._payer(reference)
        return self._credits("read ledger", "merchant.ledger", values)

    def read_audit(self, *, payment_id: str, reference: str) -> tuple[str, ...] | None:
        """The stored raw callback messages; None where the target file has no `audit`, or it could not be read."""
        view = self._adapted(tuple, "read_audit", payment_id=payment_id, reference=reference)
        if isinstance(view, str):
            return None
        audit = self.target.merchant.audit
        if view is not None or audit is None:
            return view
        values = {"payment_id": payment_id, "reference": reference} | self._payer(reference)
        answer = self._sender.send("read audit", audit.call, values)
        return None if is_refused(answer) else read_texts(audit.messages, answer)

    def _start(
        self, pay: Pay, values: Mapping[str, object], timeout_s: float | None, headers: Mapping[str, str]
    ) -> Started:
        keyed = {pay.idempotency_header: str(values["idempotency_key"])} if pay.idempotency_header else {}
        answer = self._sender.send("start payment", pay.call, values, headers={**keyed, **headers}, timeout_s=timeout_s)
        return read_started(answer, pay.payment_id, pay.message, str(values["reference"]))

    def _ask(self, title: str, key: str, values: Mapping[str, object] = NOTHING) -> str:
        """Send the request of this key of the target file; why it was not served, else an empty text."""
        call: CallTemplate | None = value_at(self.target, key)
        return missing(key) if call is None else refusal(key, self._sender.send(title, call, values))

    def _look(self, title: str, key: str, values: Mapping[str, str], payment_id: str) -> StatusView:
        """The state that this key of the target file shows."""
        status: StatusSource | None = value_at(self.target, key)
        if status is None:
            return StatusView(state=None, error=missing(key))
        return read_view(status, self._answer(status, title, values), lambda: self._full_amount(payment_id))

    def _credits(self, title: str, key: str, values: Mapping[str, str]) -> LedgerView:
        """The credits that this key of the target file shows."""
        source: CreditSource | None = value_at(self.target, key)
        if source is None:
            return LedgerView(credits=None, error=missing(key))
        return read_credits(source, self._answer(source.way, title, values), key=key)

    def _answer(self, status: StatusSource, title: str, values: Mapping[str, str]) -> MerchantAnswer:
        if status.call is not None:
            return self._sender.send(title, status.call, values)
        return probe(status, {**self._sender.values, **values}, folder=self.target.path.parent)

    def _listed(self, title: str, key: str, values: Mapping[str, str] = NOTHING) -> tuple[str, ...] | None:
        """The texts that this key of the target file lists; None where there is no such key, or no answer."""
        listing: Listing | None = value_at(self.target, key)
        if listing is None:
            return None
        answer = self._sender.send(title, listing.call, values)
        return None if is_refused(answer) else read_texts(listing.texts, answer)

    def _full_amount(self, payment_id: str) -> float | None:
        with self._lock:
            return as_number(self._amounts.get(payment_id))

    def _keep(self, kept: OrderedDict[str, _Kept], key: str, value: _Kept) -> None:
        with self._lock:
            kept[key] = value
            if len(kept) > _MOST_KEPT:
                kept.popitem(last=False)

    def _payer(self, reference: str) -> dict[str, str]:
        """Who pays an order, for requests that ask for the number; empty for an order that was started elsewhere."""
        with self._lock:
            msisdn = self._payers.get(reference)
        return {} if msisdn is None else _numbers(msisdn)

    def _adapted(self, expected: type[_View], method: str, **payment: object) -> _View | str | None:
        """What this method of the adapter returns; None leaves the work to the target file, a text is its failure."""
        if self._adapter is None:
            return None
        try:
            return checked_view(method, expected, getattr(self._adapter, method)(**payment))
        except Exception as error:  # noqa: BLE001 - the adapter is the user's code, its failure an answer like others
            return f"the adapter failed: {type(error).__name__}: {error}"


def value_at(target: Target, key: str) -> Any:
    """What a target file gives under a key such as `merchant.payout.status`; None where it gives nothing there."""
    value: Any = target
    for name in key.split("."):
        value = None if value is None else getattr(value, name)
    return value


def _numbers(msisdn: str) -> dict[str, str]:
    return {"msisdn": msisdn, "msisdn_local": f"0{msisdn[3:]}" if msisdn.startswith("254") else msisdn}


def _payment_values(msisdn: str, amount: float | str, reference: str, key: str) -> dict[str, object]:
    return {
        **_numbers(msisdn),
        "amount": amount,
        "amount_text": str(amount),
        "reference": reference,
        "idempotency_key": key,
    }
