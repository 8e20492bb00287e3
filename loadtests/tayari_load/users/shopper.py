"""The Locust user: a customer who pays, waits for the outcome, and then thinks about the next purchase."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, ClassVar, TypeVar

from locust import HttpUser, task
from locust.clients import HttpSession, ResponseContextManager
from locust.exception import StopUser
from tayari_control.client import ControlClient, ControlError
from tayari_control.http_session import MerchantSession
from tayari_money.daraja_records import C2B, confirmed_amount
from tayari_money.payment_record import PaymentState
from tayari_reports.model import Exchange
from tayari_target.driver import MerchantDriver
from tayari_target.views import LedgerView, Started, StatusView

from tayari_load.load_run import LoadRun
from tayari_load.plan import LoadPlan, kinds
from tayari_load.statistics.payments import EXCUSED, ROWS, LoadPayment, Order, PaymentOutcome
from tayari_load.users.checkout import Checkout, brief
from tayari_load.users.load_customers import Customers

Seen = TypeVar("Seen", Started, StatusView, "LedgerView | None")
START = "start payment"
STATUS = "payment status"
LEDGER = "payment ledger"
START_PAYOUT = "start payout"
PAYOUT_STATUS = "payout status"
OPEN_ACCOUNT = "open account"
ACCOUNT = "read account"


@dataclass(slots=True)
class UserStep:
    """One thing a user does, which may take the driver several requests."""

    name: str
    problem: str = ""
    """Why its last answer is wrong, whatever the HTTP status says."""


class StepSession(MerchantSession, HttpSession):
    """Locust's session, which holds each answer open until its step has judged the body."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._step: UserStep | None = None
        self._held: ResponseContextManager | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[UserStep]:
        """Requests within belong to this step; the last one carries its name and its problem."""
        self._step = step = UserStep(name)
        try:
            yield step
        finally:
            self._step = None
            self._let_go(name, step.problem)

    def request(  # type: ignore[override]  # Locust's has one keyword for each of requests' own
        self, method: str | bytes, url: str | bytes, **kwargs: Any
    ) -> ResponseContextManager:
        """As Locust's, except that a transport error is raised, as the merchant driver expects."""
        name = self._step.name if self._step else str(url)
        self._let_go(f"before {name}", "")
        response = super().request(method, url, name=name, catch_response=True, **kwargs)
        if response.error is not None:
            with response:
                response.failure(response.error)  # type: ignore[no-untyped-call]  # Locust's
            raise response.error
        self._held = response
        if self._step is None:
            self._let_go(name, "")
        return response

    def _let_go(self, name: str, problem: str) -> None:
        if self._held is None:
            return
        with self._held as response:
            response.request_meta["name"] = name
            if problem:
                response.failure(problem)
        self._held = None


class MeasuredShop:
    """The merchant driver, each call one step of the session. What is wrong in a body fails the request.

    What a customer does in M-Pesa's own menu goes to the simulator, and is no request of Locust's statistics.
    """

    def __init__(self, driver: MerchantDriver, session: StepSession, control: ControlClient) -> None:
        self._driver = driver
        self._session = session
        self._control = control

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str) -> Started:
        """A start that was taken but names no payment is wrong: nobody could follow it."""
        start = partial(self._driver.start_payment, msisdn=msisdn, amount=amount, reference=reference)
        return self._step(START, start, _unnamed)

    def start_payout(self, *, msisdn: str, amount: int, reference: str) -> Started:
        """The same for a payout."""
        start = partial(self._driver.start_payout, msisdn=msisdn, amount=amount, reference=reference)
        return self._step(START_PAYOUT, start, _unnamed)

    def open_account(self, *, msisdn: str, amount: int, reference: str) -> Started:
        """The same for an account that a customer pays into."""
        start = partial(self._driver.open_account, msisdn=msisdn, amount=amount, reference=reference)
        return self._step(OPEN_ACCOUNT, start, _unnamed)

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        """A status that maps to no state is wrong."""
        return self._step(STATUS, lambda: self._driver.read_status(payment_id, reference), _unmapped)

    def read_payout(self, payout_id: str, reference: str) -> StatusView:
        """The same for a payout."""
        return self._step(PAYOUT_STATUS, lambda: self._driver.read_payout(payout_id, reference), _unmapped)

    def read_c2b_payment(self, account: str, reference: str, *, receipt: str) -> StatusView:
        """An account that cannot be read is wrong."""
        read = partial(self._driver.read_c2b_payment, account, reference, receipt=receipt)
        return self._step(ACCOUNT, read, _unread)

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None:
        """None where the target file names no ledger."""

        def problem_of(ledger: LedgerView | None) -> str:
            return brief("the ledger could not be read", ledger.error) if ledger and ledger.credits is None else ""

        read = partial(self._driver.read_ledger, payment_id=payment_id, reference=reference)
        return self._step(LEDGER, read, problem_of)

    def _step(self, name: str, act: Callable[[], Seen], problem_of: Callable[[Seen], str]) -> Seen:
        with self._session.step(name) as step:
            seen = act()
            step.problem = problem_of(seen)
        return seen

    def pay_in(self, order: Order, account: str) -> str:
        """The receipt. Raises ControlError where the simulator does not answer."""
        paid = self._control.pay_c2b(
            short_code=self._driver.target.c2b_short_code, msisdn=order.msisdn, amount=order.amount, reference=account
        )  # fmt: skip
        return str(paid["id"])

    def not_made(self, order: Order) -> str:
        """Of the customer's last payment. A simulator that does not answer is asked again at the next look."""
        try:
            made = self._control.payments(msisdn=order.msisdn, kind=C2B)
        except ControlError:
            return ""
        failed = bool(made) and made[-1]["state"] == "failed"
        return f"{made[-1]['result_code']} {made[-1]['result_desc']}" if failed else ""


def _unnamed(started: Started) -> str:
    if started.accepted and not started.payment_id:
        return brief("no payment id in the answer", started.message or started.error)
    return ""


def _unmapped(seen: StatusView) -> str:
    if seen.state is None and (seen.http_status or 0) < 400:
        return brief(f"no state word covers {seen.raw_state!r}", seen.error)
    return ""


def _unread(seen: StatusView) -> str:
    return brief("the account could not be read", seen.error) if seen.error else ""


_log = logging.getLogger("tayari.load")


class WallClock:
    """Real time; sleeping lets the other users run."""

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class PaymentProblem(Exception):
    """In Locust's statistics: why a payment did not settle as it should."""


class Shopper(HttpUser):
    """Every payment is another customer's, so that no number has two prompts at once."""

    load_run: ClassVar[LoadRun]
    customers: ClassVar[Customers | None] = None
    customers_of: ClassVar[LoadPlan | None] = None
    """The plan of the run in which these customers were asked for last."""
    _numbers: ClassVar[count[int]] = count(1)
    _scenarios: ClassVar[dict[str, Mapping[str, Any]]] = {}
    """Those of C2B, asked once in a process."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]  # Locust's
        self.client = StepSession(self.host, environment.events.request, self, pool_manager=self.pool_manager)
        self._exchanges: list[Exchange] = []
        driver = self.load_run.test_environment.driver.another(session=self.client, record=self._exchanges.append)
        self._checkout = Checkout(
            shop=MeasuredShop(driver, self.client, self.load_run.test_environment.control),
            tally=self.load_run.tally,
            clock=WallClock(),
            patience_s=self.load_run.patience_s,
            user=f"{self._worker()}/{next(self._numbers)}",
            on_end=self._report,
            disturbed=self.load_run.disturbed,
        )

    def wait_time(self) -> float:
        """Closed model: 1 to 3 s to think. Open model: the next arrival is waited for, and nothing else."""
        return 0.0 if self.load_run.plan.open else random.uniform(1.0, 3.0)

    @task
    def pay(self) -> None:
        """One purchase, from the click to the end that the merchant shows."""
        if self.load_run.ending:
            raise StopUser
        if not self.load_run.plan.open:
            self._purchase(None)
            return
        arrivals = self.load_run.arrivals
        planned = arrivals.take()
        if planned is None:
            return
        try:
            self._purchase(planned)
        finally:
            arrivals.done()

    def _purchase(self, planned: float | None) -> None:
        self._exchanges.clear()
        order = self._customers().order()
        if order.scenario:
            try:
                self.load_run.test_environment.control.play_next(order.scenario, msisdn=order.msisdn)
            except ControlError as error:
                _log.warning("%s could not be played, so its customer pays: %s", order.scenario, error)
                order = replace(order, scenario="")
        if order.pays_in and order.scenario:
            order = self._as_its_scenario(order)
        self._checkout.pay(order, planned=planned)

    def _as_its_scenario(self, order: Order) -> Order:
        """The order as its scenario has it: the amount in its confirmation, and whether it may stay open."""
        name = order.scenario
        if name not in self._scenarios:
            try:
                self._scenarios[name] = self.load_run.test_environment.control.scenario(name)
            except ControlError:
                return order
        scenario = self._scenarios[name]
        expected = (scenario.get("expect") or {}).get("state", PaymentState.PAID)
        may_stay_open = PaymentState.PENDING in ([expected] if isinstance(expected, str) else expected)
        return replace(order, amount=confirmed_amount(scenario) or order.amount, may_stay_open=may_stay_open)

    def _customers(self) -> Customers:
        """One queue for all users of this process; made late, because a worker learns its index late.

        The form of Locust's page may have changed the mix since the run before.
        """
        plan = self.load_run.plan
        if Shopper.customers is None:
            Shopper.customers = Customers(seed=self.load_run.seed, worker=self._worker())
        if Shopper.customers_of is not plan:
            Shopper.customers_of = plan
            asked = kinds(plan.outcomes, plan.shape, self.load_run.target.merchant)
            Shopper.customers.play(plan.outcomes, next(iter(asked)))
        return Shopper.customers

    def _worker(self) -> int:
        return int(getattr(self.environment.runner, "worker_index", 0))

    def _report(self, payment: LoadPayment) -> None:
        """The payment as a row of its own in Locust's statistics, end to end: `PAYMENT settled`, `C2B settled`, ..."""
        self.load_run.samples.offer(payment, self._exchanges)
        self.load_run.log.keep(payment)
        fine = payment.outcome in {PaymentOutcome.SETTLED, *EXCUSED}
        problem = None if fine else PaymentProblem(f"{payment.outcome}: {payment.reason}")
        self.environment.events.request.fire(
            request_type=ROWS[payment.order.kind],
            name="settled",
            response_time=payment.duration_s * 1000,
            response_length=0,
            exception=problem,
            context={"customer": payment.order.name, "reference": payment.order.reference},
        )
