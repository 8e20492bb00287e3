"""A check's hands and eyes: it starts payments, waits, and looks at what the merchant and Daraja say."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from threading import Event, Thread
from typing import Any, Self, TypeVar

from tayari_control.client import ControlClient
from tayari_money.payment_record import PaymentKind
from tayari_money.payment_state import PaymentState
from tayari_reports.model import Exchange
from tayari_target.driver import DriverExchange, MerchantDriver, StatusView
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file.model import Target
from tayari_target.test_environment import Stage

from tayari_contracts.context.customer_messages import told_at_start
from tayari_contracts.context.evidence import from_driver, from_journal, in_order
from tayari_contracts.context.findings import Failed, Unjudged, Untested, unknown_word
from tayari_contracts.context.inline_scenarios import callbacks_held, has_no_faults, sets_the_order
from tayari_contracts.context.journal_reader import Sight
from tayari_contracts.context.merchant_profile import Depth
from tayari_contracts.context.overload import StartGate
from tayari_contracts.context.payment import Credits, Entry, Payment, states_of
from tayari_contracts.context.run_record import CRASH, Allocation, Book, untranslated

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW

T = TypeVar("T")

PATIENT_S = 75.0
"""So long an answer is waited for where the scenario itself keeps the merchant waiting: merchants give up after 30 or
60 s, and must be heard then."""

REFRESH_EVERY_S = 2.0
"""So often the customer's page of a merchant without callbacks is refreshed, which makes some merchants ask Daraja."""

PROMPT_S = 65.0
"""A prompt ends by itself within about a minute."""

Scenario = str | Mapping[str, Any]
"""A scenario's name, or the content of a scenario file."""


class Hands(Depth):
    """Starts payments, waits and looks. Everything it does is recorded as evidence."""

    def __init__(
        self,
        stage: Stage,
        allocation: Allocation,
        *,
        deadline: float,
        stop: Event | None = None,
        book: Book | None = None,
        one_by_one: bool = False,
    ) -> None:
        self.stage = stage
        self.target: Target = stage.target
        self.control: ControlClient = stage.control
        self.sight = Sight(stage.control)
        self.allocation = allocation
        self.book = book or Book()
        self.tries = 0
        self.scenario = ""
        self.notes: list[str] = []
        """What a pass should mention: how it was reached, or what could not be seen on the way."""
        self._deadline = deadline
        self._stop = stop or Event()
        self._exchanges: list[DriverExchange] = []
        self._payments: list[Payment] = []
        self.situations: list[tuple[Payment, Mapping[str, Any]]] = []
        """The payments that played a scenario with faults, and the scenario."""
        self._watched: list[Entry] = []
        self._gate = StartGate(1 if one_by_one else None)
        self.driver: MerchantDriver = stage.new_driver(record=self._record)

    def pay(
        self,
        scenario: Scenario | None = None,
        *,
        amount: int | float | None = None,
        msisdn: str | None = None,
        typed: str | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        hold_s: float = 0.0,
        at_once: bool = False,
        headers: Mapping[str, str] | None = None,
        again: str | None = None,
    ) -> Payment:
        """Ask the merchant to start a payment, which plays `scenario`.

        `typed` is how the payer's number is entered; `msisdn` (twelve digits) is who it is. No callback comes before
        the merchant has answered, unless that is what `scenario` is about (A05): a merchant that is slow because
        many checks start payments at once is not blamed for it under another rule. `hold_s`: its callbacks are held
        for so long after the merchant's answer, or until `release`. `at_once`: the rule is about starts at the same
        moment, so that this one waits for no other.
        """
        with ExitStack() as turn:
            if not at_once:
                turn.enter_context(self.book.gate.passing())
                turn.enter_context(self._gate.passing())
            payment = self._start(
                scenario, amount=amount, msisdn=msisdn, typed=typed, reference=reference,
                idempotency_key=idempotency_key, timeout_s=timeout_s, hold_s=hold_s, headers=headers, again=again,
            )  # fmt: skip
        self._payments.append(payment)
        if isinstance(scenario, Mapping) and scenario.get("faults"):
            self.situations.append((payment, scenario))
        self.book.start(payment)
        self.tries += 1
        return payment

    def _start(
        self, scenario: Scenario | None, *, amount: int | float | None, msisdn: str | None, typed: str | None,
        reference: str | None, idempotency_key: str | None, timeout_s: float | None, hold_s: float,
        headers: Mapping[str, str] | None, again: str | None,
    ) -> Payment:  # fmt: skip
        payer = msisdn or self.allocation.msisdn()
        if self.book.prompted and typed is not None:
            raise Untested("the merchant pushes to one number, whatever is typed; S11 judges that", certain=True)
        typed, payer = typed or payer, self.book.prompted or payer
        if self.book.prompted:
            self._poll(lambda: None if self.sight.is_prompted(payer) else True, PROMPT_S)
            self.control.clear_next()
        if scenario is not None:
            self.control.play_next(scenario, msisdn=payer)
            self.scenario = self.scenario or (
                scenario if isinstance(scenario, str) else str(scenario.get("scenario", ""))
            )
        since, began_at = self.sight.now(), time.time()
        total = amount if amount is not None else self.allocation.amount()
        name = reference or self.allocation.reference()
        ordered = sets_the_order(scenario)
        if ordered and timeout_s is None:
            timeout_s = max(PATIENT_S, self.target.merchant.timeout_s)
        ordinary = has_no_faults(scenario)
        starting = self.book.overload.starting(ordinary=ordinary)
        with callbacks_held(self.control, payer, free=ordered, longer_s=hold_s), starting:
            started = self.driver.start_payment(
                msisdn=typed,
                amount=total,  # type: ignore[arg-type]  # 99.50 is typed into shops too
                reference=name,
                idempotency_key=idempotency_key,
                timeout_s=timeout_s,
                headers=headers,
                again=again,
            )
        if ordinary and (started.status is None or started.status >= CRASH):
            self.book.overload.crashed()
        return Payment(msisdn=payer, amount=total, reference=name, started=started, since=since, began_at=began_at)

    def _record(self, exchange: DriverExchange) -> None:
        """Keep what the merchant was asked and answered."""
        self._exchanges.append(exchange)
        self.book.overload.heard(exchange.response_body)

    @property
    def overlapped(self) -> bool:
        """Whether this check started several payments at once, though no rule is about that."""
        return self._gate.overlapped

    def pay_again(self, first: Payment, scenario: Scenario) -> Payment:
        """Let the customer of a payment that has failed try again: the same phone, amount and order."""
        return self.pay(
            scenario, msisdn=first.msisdn, amount=first.amount, reference=first.reference, again=first.payment_id
        )

    def release(self, payment: Payment) -> None:
        """Let the callbacks go that `pay(..., hold_s=...)` holds."""
        self.control.hold(payment.msisdn, for_s=0)

    def pay_accepted(self, scenario: Scenario | None = None, **how: Any) -> Payment:
        """Like `pay`, where nothing can be judged unless Daraja accepted a push.

        Raises:
            Untested: no push was accepted; the sentence says what happened instead.
        """
        payment = self.pay(scenario, **how)
        self.require_accepted(payment)
        return payment

    def require_accepted(self, payment: Payment) -> str:
        """The CheckoutRequestID of the payment, waiting for a merchant that pushes in the background."""
        wait_s = min(self.target.merchant.promises.answer_within_s, self._left())
        found = self._poll(lambda: self.sight.checkout_request_id(payment), wait_s)
        if found is None:
            raise Untested(f"no STK push was accepted for this payment: {self.describe(payment)}")
        return found

    def _stranger(self, payment: Payment) -> str:
        """The number that was prompted instead of the payer's; empty where none was, or nobody knows."""
        for number in self.sight.strangers(payment, self.allocation.payers):
            self.book.prompts(number, instead_of=payment.msisdn)
        return self.book.prompted

    def in_background(self, act: Callable[[], T]) -> Future[T]:
        """Run `act` in a thread of its own, so that the check can act meanwhile."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - handed to whoever asks the future
                future.set_exception(error)

        Thread(target=work, daemon=True).start()
        return future

    def send_callback(self, payment: Payment, **telling: Any) -> list[dict[str, Any]]:
        """Send a callback for this payment as told (`POST /v1/callbacks`) and return the merchant's answers."""
        telling.setdefault("checkout_request_id", self.require_accepted(payment))
        return self.control.send_callback(**telling)

    def start_again(self) -> None:
        """Stop the merchant if it runs, and start it on what it has kept.

        Raises:
            Failed: it does not come up: a crash has left it something that it cannot live with.
        """
        try:
            self.stage.restart_merchant()
        except MerchantStartError as error:
            raise Failed(f"the merchant was stopped and did not start again: {error}") from error

    def forget_token(self) -> None:
        """Make the merchant fetch a token: start it anew where Tayari can, else revoke what it holds.

        Raises:
            Untested: Tayari cannot restart it, and it would hold on to a revoked token until its hour is over.
        """
        if self.stage.can_restart:
            self.quiet(self.sight.until_stored_s())
            self.start_again()
            return
        refusal = {"api_error": {"error": "404.001.03", "times": 1}}
        payment = self.pay({"scenario": "token/refused", "about": "A token is refused once.", "faults": [refusal]})
        if self._poll(lambda: self.sight.checkout_request_id(payment), self.settle_s) is None:
            raise Untested(
                "the merchant holds on to a refused token (T04), so its token was left alone", enable="merchant.start"
            )
        self.control.revoke_tokens()

    @property
    def payments(self) -> tuple[Payment, ...]:
        """The payments of this check so far."""
        return tuple(self._payments)

    def sibling(self, *, limit_s: float) -> Self:
        """Another one in the same run, with its own time and its own payments."""
        deadline = time.monotonic() + limit_s
        made = type(self)(self.stage, self.allocation, deadline=deadline, stop=self._stop, book=self.book)
        made._gate = self._gate
        return made

    def cite(self, *payments: Payment) -> None:
        """Add payments of other checks to the evidence."""
        self._payments += payments

    def watch_since(self, since: int, **where: str) -> None:
        """Add the journal from `since` on (by `endpoint`, ...) to the evidence."""
        self._watched += self.sight.entries(since=since, **where)

    def quiet(self, seconds: float) -> None:
        """Let time pass: something must be given the chance to happen, or not to."""
        self._stop.wait(min(seconds, self._left()))

    def status(self, payment: Payment) -> StatusView:
        """The merchant's own word on the payment, now."""
        began = time.time()
        is_payout = payment.kind is PaymentKind.PAYOUT
        read = self.driver.read_payout if is_payout else self.driver.read_status
        view = read(payment.payment_id, payment.reference)
        self.book.look(payment, view, began=began, ended=time.time())
        return view

    def read_and_refresh(self, payment: Payment) -> None:
        """Look at the payment as its customer's page does, which makes some merchants ask Daraja."""
        self.driver.refresh(payment.payment_id, payment.reference)
        self.status(payment)

    def until(
        self,
        payment: Payment,
        states: PaymentState | Iterable[PaymentState],
        *,
        within_s: float | None = None,
    ) -> StatusView:
        """Look until the payment is in one of `states`, or time is up; the last look is returned either way.

        Raises:
            Untested: the merchant's word for the state is none that the target file knows.
        """
        wanted = states_of(states)
        seen: list[StatusView] = []
        refreshed_at = time.monotonic()

        def look() -> StatusView | None:
            nonlocal refreshed_at
            if not self.takes_callbacks and time.monotonic() - refreshed_at >= REFRESH_EVERY_S:
                refreshed_at = time.monotonic()
                self.driver.refresh(payment.payment_id, payment.reference)
            seen.append(self.status(payment))
            return seen[-1] if seen[-1].state in wanted else None

        self._poll(look, self.settle_s if within_s is None else within_s)
        if word := untranslated(seen[-1]):
            raise unknown_word(word)
        return seen[-1]

    def credits(self, payment: Payment) -> Credits:
        """How often, and how much, the merchant credited.

        Raises:
            Untested: neither a ledger nor `status.credited` is in the target file.
        """
        ledger = self.driver.read_ledger(payment_id=payment.payment_id, reference=payment.reference)
        if ledger is not None and ledger.credits is not None:
            return Credits(ledger.credits, ledger.total)
        credited = self.status(payment).credited
        if credited is None:
            key = "merchant.ledger" if self.target.merchant.ledger is not None else "merchant.status.credited"
            expected = "a number, 0 where nothing was credited (in SQL: COALESCE(SUM(amount), 0))"
            raise Unjudged(f"{key} gave nothing for {payment.reference}; expected {expected}")
        return Credits(math.ceil(credited / payment.amount), credited, counted=False)

    def wait(self, condition: str, payment: Payment, *, count: int = 1, within_s: float | None = None) -> bool:
        """Wait on the simulator (`push_seen`, `query_seen`, `callback_answered`, `result_due`) for this payer."""
        within = min(self.settle_s if within_s is None else within_s, self._left())
        which: Entry = {"msisdn": payment.msisdn, "since": payment.since, "count": count}
        return bool(self.control.wait(condition, **which, timeout_s=within, stop=self._stop)["met"])

    def told(self, payment: Payment) -> str:
        """Everything the customer was told: at the start, and on the payment's page now."""
        texts = [told_at_start(payment.started)]
        by_reference_only = payment.started.payment_id is None and self.target.merchant.pay.payment_id is not None
        if by_reference_only:  # the start gave no identifier: what the order's page says may be of another payment
            return texts[0]
        if self.target.merchant.status is not None and self.target.merchant.status.message is not None:
            texts.append(self.status(payment).message or "")
        return "\n".join(text for text in dict.fromkeys(texts) if text)

    def describe(self, payment: Payment) -> str:
        """What became of the start of a payment, in a few words, for a reason."""
        started = payment.started
        if started.status is None:
            return f"the merchant did not answer ({started.error})"
        pushes = self.sight.pushes(payment)
        if not pushes and self._stranger(payment):
            return f"the merchant answered {started.status} and pushed to another number (S11 judges that)"
        if not pushes:
            return f"the merchant answered {started.status} and sent no STK push"
        answer = (pushes[-1].get("response") or {}).get("status")
        return f"the merchant answered {started.status}; its last STK push was answered {answer}"

    def evidence(self) -> tuple[Exchange, ...]:
        """What went over the wire for the payments of this check, in order."""
        journal = {entry["seq"]: entry for entry in self._watched}
        for payment in self._payments:
            mine = [
                *self.sight.entries(since=payment.since, msisdn=payment.msisdn),
                *self.sight.pushes(payment),
            ]
            journal.update({entry["seq"]: entry for entry in (*mine, *self.sight.queries(payment))})
        return in_order([*map(from_journal, journal.values()), *map(from_driver, self._exchanges)])

    @property
    def has_time(self) -> bool:
        """Whether this check may go on waiting."""
        return time.monotonic() < self._deadline and not self._stop.is_set()

    def _left(self) -> float:
        return max(0.05, self._deadline - time.monotonic())

    def _poll(self, look: Callable[[], T | None], within_s: float) -> T | None:
        end = time.monotonic() + min(within_s, self._left())
        pause_s = 0.05
        while True:
            found = look()
            if found is not None or time.monotonic() >= end or self._stop.is_set():
                return found
            self._stop.wait(min(pause_s, max(0.01, end - time.monotonic())))
            pause_s = min(0.5, pause_s * 1.4)
