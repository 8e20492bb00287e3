"""The acts of a check: it starts payments with the scenarios that they play, and restarts the merchant."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final, Literal

from tayari_control.client import ControlClient
from tayari_target.background import in_background
from tayari_target.driver import MerchantDriver, Started
from tayari_target.merchant_process import MerchantStartError
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.context.check_time import CheckTime, polite
from tayari_contracts.context.evidence import Evidence, JournalReader, Scenario
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.overload import StartGate
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import CRASH, Allocation, RunRecord

PATIENT_S = 75.0
"""How long a check waits for an answer if the scenario itself keeps the merchant waiting.

Merchants give up after 30 or 60 s, and a check must see that."""

PROMPT_S = 65.0
"""A prompt ends by itself within about a minute."""

HELD_S: Final = 12.0
"""How long a callback waits at most for the merchant to answer the start of its payment.

Some merchants answer only when they know the result, so they get the callback then."""

OF_THE_ACKNOWLEDGEMENT: Final = frozenset({"before_ack", "ack_late", "ack_lost", "hang", "slow", "slow_body"})
"""Faults that decide whether the merchant gets the acknowledgement or the callback first."""

Fault = Mapping[str, Mapping[str, Any]]
"""One entry of `faults`: the fault's name, and its parameters."""

ITEM: Final = "Body.stkCallback.CallbackMetadata.Item"
"""The path of a callback's items, as the fault `mutate` names it."""


def situation(name: str, *faults: Fault, about: str = "", **keys: Any) -> dict[str, Any]:
    """The content of a scenario file. `keys`: further top-level keys, such as `outcome`, `query`, `then`."""
    content: dict[str, Any] = {"scenario": name, "about": about or name.replace("/", ": ").replace("-", " ")}
    if faults:
        content["faults"] = [dict(fault) for fault in faults]
    return {**content, **keys}


def token_situation(name: str, *faults: Fault) -> dict[str, Any]:
    """The same for calls of OAuth."""
    return situation(name, *faults, when={"endpoint": "oauth"})


def refused(error: str, *, times: int = 1) -> Fault:
    """The fault that refuses the next pushes with a row of the error catalogue (`404.001.03`)."""
    return {"api_error": {"error": error, "times": times}}


def gateway(fault: str, *, times: int = 1) -> Fault:
    """The fault that answers the next pushes with the gateway's own envelope (`spike_arrest`)."""
    return {"gateway_fault": {"fault": fault, "times": times}}


def page(name: str, *, times: int | Literal["always"] = 1) -> Fault:
    """The fault that answers the next pushes with an HTML page of the edge (`imperva_503`).

    `times="always"`: until the scenario is cleared.
    """
    return {"html": {"page": name, "times": times}}


def after(seconds: float, *, result_code: int | str = 0, callback: bool = True) -> dict[str, Any]:
    """The `outcome` of a scenario: this result so many seconds after the acknowledgement."""
    return {"result_code": result_code, "after_s": seconds, "callback": callback}


UNPAID: Final = situation("inline/unpaid", outcome=after(1.0, result_code=1032))
"""An ordinary payment that its customer cancels. Unlike a success, it needs no query that confirms it."""


def sets_the_order(scenario: object) -> bool:
    """Whether a scenario itself decides which comes first, the acknowledgement or the callback."""
    faults = (scenario.get("faults") or ()) if isinstance(scenario, Mapping) else ()
    named = {name for fault in faults for name in ((fault,) if isinstance(fault, str) else fault)}
    return bool(named & OF_THE_ACKNOWLEDGEMENT)


def has_no_faults(scenario: object) -> bool:
    """Whether Daraja answers the push of a scenario as it does on any day."""
    return scenario is None or (isinstance(scenario, Mapping) and not scenario.get("faults"))


class Actions:
    """Starts payments and changes what runs. Everything it does is recorded as evidence."""

    def __init__(
        self,
        environment: TestEnvironment,
        driver: MerchantDriver,
        *,
        allocation: Allocation,
        run: RunRecord,
        journal: JournalReader,
        evidence: Evidence,
        time: CheckTime,
        gate: StartGate,
    ) -> None:
        self._environment = environment
        self._merchant = run.profile.merchant
        self._control: ControlClient = environment.control
        self._driver = driver
        self._allocation = allocation
        self._run = run
        self._journal = journal
        self._evidence = evidence
        self._time = time
        self.gate = gate
        """Lets this check start its payments one by one, where it has to."""

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
        """Ask the merchant to start a payment, which plays `scenario`; without one, no rule asks how it ends.

        `msisdn`: the payer, twelve digits. `typed`: the payer's number as it is entered. `amount`: shillings.
        `timeout_s`: for the merchant's answer. `again`: the identifier of an earlier payment that is tried again.
        `at_once`: the rule is about starts at the same moment, so this one waits for no other.

        No callback comes before the merchant has answered, unless `scenario` is about that (A05). So a merchant that
        is slow because many checks start payments at once is not blamed for it under another rule. `hold_s`: its
        callbacks are held this long after the merchant's answer, or until `release_callbacks`.

        Raises:
            Untested: the merchant pushes to one number for all, and `typed` would not matter.
        """
        with ExitStack() as turn:
            if not at_once:
                turn.enter_context(self._run.gate.passing())
                turn.enter_context(self.gate.passing())
            order = self._allocation.order()
            payer, typed = self._payer(msisdn or order.msisdn, typed)
            held_s = 0.0 if sets_the_order(scenario) and not hold_s else HELD_S + hold_s
            since, began_at = self._prepare(payer, scenario, held_s=held_s), time.time()
            total, name = order.amount if amount is None else amount, reference or order.reference
            try:
                started = self._start(
                    scenario, msisdn=typed, amount=total, reference=name, idempotency_key=idempotency_key,
                    timeout_s=timeout_s, headers=headers, again=again,
                )  # fmt: skip
            finally:
                if held_s:
                    self._control.hold(payer, for_s=hold_s)
        payment = Payment(msisdn=payer, amount=total, reference=name, started=started, since=since, began_at=began_at)
        self._evidence.add_payment(payment, scenario)
        return payment

    def _prepare(self, payer: str, scenario: Scenario | None, *, held_s: float) -> int:
        """Queue the scenario of the payer's next payment, and hold its callbacks.

        Returns the number of the next journal entry.
        """
        if scenario is None and polite(self._run.queries_per_minute) is not None and payer in self._allocation.payers:
            scenario = UNPAID
        if scenario is None:
            return self._control.hold(payer, for_s=held_s)
        return self._control.play_next(scenario, msisdn=payer, hold_s=held_s)

    def _payer(self, payer: str, typed: str | None) -> tuple[str, str]:
        """The payer, and the number that is typed. A merchant that pushes to one number has one payer at a time."""
        prompted = self._run.prompted
        if not prompted:
            return payer, typed or payer
        if typed is not None:
            raise Untested("the merchant pushes to one number, whatever is typed; S11 judges that", certain=True)
        self._time.until(lambda: not self._journal.is_prompted(prompted), within_s=PROMPT_S)
        self._control.clear_next()
        return prompted, payer

    def _start(self, scenario: Scenario | None, *, timeout_s: float | None, **request: Any) -> Started:
        ordinary = has_no_faults(scenario)
        if sets_the_order(scenario) and timeout_s is None:
            timeout_s = max(PATIENT_S, self._merchant.timeout_s)
        with self._run.overload.starting(ordinary=ordinary):
            started = self._driver.start_payment(timeout_s=timeout_s, **request)
        if ordinary and (started.status is None or started.status >= CRASH):
            self._run.overload.crashed()
        return started

    def pay_again(self, first: Payment, scenario: Scenario) -> Payment:
        """Pay the order of a failed payment once more: the same phone, amount and reference."""
        return self.pay(
            scenario, msisdn=first.msisdn, amount=first.amount, reference=first.reference, again=first.payment_id
        )

    def pay_accepted(self, scenario: Scenario | None = None, **how: Any) -> Payment:
        """Like `pay`, where nothing can be judged unless Daraja accepted a push.

        Raises:
            Untested: no push was accepted; the sentence says what happened instead.
        """
        payment = self.pay(scenario, **how)
        self.require_accepted(payment)
        return payment

    def require_accepted(self, payment: Payment) -> str:
        """The CheckoutRequestID of the payment, waiting for a merchant that pushes in the background.

        Raises:
            Untested: no push was accepted; the sentence says what happened instead.
        """
        within_s = self._merchant.promises.answer_within_s
        found = self._time.until(lambda: self._journal.checkout_request_id(payment), within_s=within_s)
        if found is None:
            raise Untested(f"no STK push was accepted for this payment: {self.describe_start(payment)}")
        return found

    def describe_start(self, payment: Payment) -> str:
        """The outcome of the start of a payment, in a few words, for a reason."""
        started = payment.started
        if started.status is None:
            return f"the merchant did not answer ({started.error})"
        pushes = self._journal.pushes(payment)
        if not pushes and self._other_number(payment):
            return f"the merchant answered {started.status} and pushed to another number (S11 judges that)"
        if not pushes:
            return f"the merchant answered {started.status} and sent no STK push"
        answer = (pushes[-1].get("response") or {}).get("status")
        return f"the merchant answered {started.status}; its last STK push was answered {answer}"

    def _other_number(self, payment: Payment) -> str:
        """The number that was prompted instead of the payer's; empty where none was, or nobody knows."""
        for number in self._journal.other_numbers(payment, self._allocation.payers):
            self._run.add_other_number(number, instead_of=payment.msisdn)
        return self._run.prompted

    def release_callbacks(self, payment: Payment) -> None:
        """Release the callbacks that `pay(..., hold_s=...)` holds."""
        self._control.hold(payment.msisdn, for_s=0)

    def send_callback(self, payment: Payment, **body: Any) -> list[dict[str, Any]]:
        """Send a callback for this payment (`POST /v1/callbacks`) and return the merchant's answers.

        Raises:
            Untested: no push was accepted for it.
        """
        body.setdefault("checkout_request_id", self.require_accepted(payment))
        return self._control.send_callback(**body)

    in_background = staticmethod(in_background)

    def restart_merchant(self) -> None:
        """Stop the merchant if it runs, and start it on what it has kept.

        Raises:
            Failed: it does not start, because of what it has kept.
        """
        try:
            self._environment.restart_merchant()
        except MerchantStartError as error:
            raise Failed(f"the merchant was stopped and did not start again: {error}") from error

    def drop_token(self) -> None:
        """Make the merchant fetch a token: restart it where Tayari can, else revoke the token that it holds.

        Raises:
            Untested: as `revoke_token`.
        """
        if self._environment.can_restart:
            self._time.pause(self._journal.seconds_until_stored())
            self.restart_merchant()
            return
        self.revoke_token()

    def revoke_token(self) -> None:
        """Revoke the token that the merchant holds, in its memory or in a file or table that outlives its process.

        Raises:
            Untested: the merchant would use a revoked token until its hour is over.
        """
        payment = self.pay(situation("inline/token-refused", refused("404.001.03")))
        if self._time.until(lambda: self._journal.checkout_request_id(payment), within_s=self._time.settle_s) is None:
            raise Untested(
                "the merchant holds on to a refused token (T04), so its token was left alone",
                enable="" if self._environment.can_restart else "merchant.start",
            )
        self._control.revoke_tokens()

    def other_device(self) -> MerchantDriver:
        """A driver with a log-in of its own and without this check's cookies. Its exchanges are evidence too."""
        return self._driver.another(record=self._evidence.record)

    def second_merchant(self, work_dir: Path, **changed: str) -> AbstractContextManager[MerchantDriver]:
        """A second process of the merchant, with other values of these placeholders, as a context manager.

        It gives the driver of this process, whose exchanges are evidence too.
        """
        return self._environment.another_merchant(work_dir, record=self._evidence.record, **changed)
