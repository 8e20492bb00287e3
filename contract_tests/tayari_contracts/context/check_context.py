"""The context that a check gets: parts that act, observe and judge, each for one purpose."""

from __future__ import annotations

import time
from threading import Event

from tayari_control.client import ControlClient
from tayari_target.driver import MerchantDriver
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.context.actions import Actions
from tayari_contracts.context.check_time import CheckTime
from tayari_contracts.context.evidence import Evidence, JournalReader
from tayari_contracts.context.expectations import Expectations
from tayari_contracts.context.observations import Observations
from tayari_contracts.context.overload import StartGate
from tayari_contracts.context.run_record import Allocation, RunRecord


class CheckContext:
    """Holds the parts of one check; it has no logic of its own.

    `deadline`: when the check must end, on the monotonic clock. `stop`: set when the run is interrupted. `one_by_one`:
    the check starts its payments one after the other.
    """

    def __init__(
        self,
        environment: TestEnvironment,
        allocation: Allocation,
        *,
        deadline: float,
        stop: Event | None = None,
        run: RunRecord | None = None,
        one_by_one: bool = False,
        gate: StartGate | None = None,
        journal: JournalReader | None = None,
    ) -> None:
        self.environment = environment
        self.target: Target = environment.target
        self.control: ControlClient = environment.control
        self.allocation = allocation
        self.run = run or RunRecord(environment.target)
        self.journal = journal or JournalReader(environment.control)
        self.profile = self.run.profile
        self.evidence = Evidence(self.journal, self.run)
        self.driver: MerchantDriver = environment.driver.another(record=self.evidence.record)
        self.time = CheckTime(deadline=deadline, stop=stop or Event(), run=self.run, evidence=self.evidence)
        self.observations = Observations(self.driver, self.control, run=self.run, journal=self.journal, time=self.time)
        self.actions = Actions(
            environment, self.driver, allocation=allocation, run=self.run, journal=self.journal, evidence=self.evidence,
            time=self.time, gate=gate or StartGate(1 if one_by_one else None),
        )  # fmt: skip
        self.expectations = Expectations(
            self.actions, self.observations, journal=self.journal, run=self.run, time=self.time
        )

    def sibling(self, *, limit_s: float) -> CheckContext:
        """Another context in the same run, with `limit_s` seconds and payments of its own."""
        return CheckContext(
            self.environment, self.allocation, deadline=time.monotonic() + limit_s, stop=self.time.stop, run=self.run,
            gate=self.actions.gate,
        )  # fmt: skip
