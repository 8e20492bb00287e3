"""The merchant driver's requests in Locust's statistics: under steady names, failed when the body is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from locust.clients import HttpSession, ResponseContextManager
from tayari_target.driver import MerchantDriver
from tayari_target.views import LedgerView, Started, StatusView

from tayari_load.checkout import said

START = "start payment"
STATUS = "payment status"
LEDGER = "payment ledger"


@dataclass(slots=True)
class Step:
    """One thing a user does, which may take the driver several requests."""

    name: str
    problem: str = ""
    """Why its last answer is wrong, whatever the HTTP status says."""


class StepSession(HttpSession):
    """Locust's session, which holds each answer open until its step has judged the body."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._step: Step | None = None
        self._held: ResponseContextManager | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Requests within belong to this step; the last one carries its name and its problem."""
        self._step = step = Step(name)
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
    """The merchant driver, each call one step of the session. What is wrong in a body fails the request."""

    def __init__(self, driver: MerchantDriver, session: StepSession) -> None:
        self._driver = driver
        self._session = session

    def start_payment(self, *, msisdn: str, amount: int | str, reference: str) -> Started:
        """A start that was taken but names no payment is wrong: nobody could follow it."""
        with self._session.step(START) as step:
            started = self._driver.start_payment(msisdn=msisdn, amount=amount, reference=reference)
            if started.accepted and not started.payment_id:
                step.problem = said("no payment id in the answer", started.message or started.error)
        return started

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        """A status that maps to no state is wrong."""
        with self._session.step(STATUS) as step:
            seen = self._driver.read_status(payment_id, reference)
            if seen.state is None and (seen.http_status or 0) < 400:
                step.problem = said(f"no state word covers {seen.raw_state!r}", seen.error)
        return seen

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None:
        """None where the target file names no ledger."""
        with self._session.step(LEDGER) as step:
            ledger = self._driver.read_ledger(payment_id=payment_id, reference=reference)
            if ledger is not None and ledger.credits is None:
                step.problem = said("the ledger could not be read", ledger.error)
        return ledger
