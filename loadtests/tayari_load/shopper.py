"""The Locust user: a customer who pays, waits for the outcome, and then thinks about the next purchase."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

from locust import HttpUser, task
from locust.exception import StopUser
from tayari_control.client import ControlError
from tayari_target.views import DriverExchange

from tayari_load.campaign import Campaign
from tayari_load.checkout import Checkout
from tayari_load.customers import Customers, Order
from tayari_load.measured import MeasuredShop, StepSession
from tayari_load.outcome import EXCUSED, Ended, Outcome

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

    campaign: ClassVar[Campaign]
    customers: ClassVar[Customers | None] = None
    _numbers: ClassVar[count[int]] = count(1)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]  # Locust's
        self.client = StepSession(self.host, environment.events.request, self, pool_manager=self.pool_manager)
        self.client.trust_env = False
        self._exchanges: list[DriverExchange] = []
        driver = self.campaign.stage.new_driver(session=self.client, record=self._exchanges.append)
        self._checkout = Checkout(
            shop=MeasuredShop(driver, self.client),
            tally=self.campaign.tally,
            clock=WallClock(),
            patience_s=self.campaign.patience_s,
            user=f"{self._worker()}/{next(self._numbers)}",
            on_end=self._tell,
            disturbed=self.campaign.disturbed,
        )

    def wait_time(self) -> float:
        """Closed model: 1 to 3 s to think. Open model: the next arrival is waited for, and nothing else."""
        return 0.0 if self.campaign.plan.open else random.uniform(1.0, 3.0)

    @task
    def pay(self) -> None:
        """One purchase, from the click to the end that the merchant shows."""
        if self.campaign.ending:
            raise StopUser
        if not self.campaign.plan.open:
            self._purchase(None)
            return
        arrivals = self.campaign.arrivals
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
                self.campaign.stage.control.play_next(order.scenario, msisdn=order.msisdn)
            except ControlError as error:
                _log.warning("%s could not be played, so its customer pays: %s", order.scenario, error)
                order = replace(order, scenario="")
        self._checkout.pay(order, planned=planned)

    def _customers(self) -> Customers:
        """One queue for all users of this process; made late, because a worker learns its index late."""
        if Shopper.customers is None:
            Shopper.customers = Customers(
                seed=self.campaign.seed, worker=self._worker(), mix=self.campaign.plan.outcomes
            )
        return Shopper.customers

    def _worker(self) -> int:
        return int(getattr(self.environment.runner, "worker_index", 0))

    def _tell(self, order: Order, ended: Ended) -> None:
        """The payment as a row of its own in Locust's statistics: `PAYMENT settled`, end to end."""
        self.campaign.samples.offer(ended, self._exchanges)
        self.campaign.book.note(order, ended)
        fine = ended.outcome in {Outcome.SETTLED, *EXCUSED}
        problem = None if fine else PaymentProblem(f"{ended.outcome}: {ended.reason}")
        self.environment.events.request.fire(
            request_type="PAYMENT",
            name="settled",
            response_time=ended.duration_s * 1000,
            response_length=0,
            exception=problem,
            context={"customer": order.name, "reference": order.reference},
        )
