"""The `daraja` fixture: a fake M-Pesa API for a team's own tests. Costs nothing where it is not asked for.

    def test_checkout(daraja, client):
        daraja.play_next("payment/insufficient-funds", msisdn="254700000001")
        ...

`pip install tayari` is all the set-up there is. One simulator is started for the session, at the first test that asks,
on ports that the system chooses; it is reset before every test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # imported when the fixture is used: pytest loads this module in every session on the machine
    from tayari_control.client import ControlClient
    from tayari_control.process import SimulatorProcess


class Daraja:
    """A running fake Daraja, as a test sees it."""

    def __init__(self, process: SimulatorProcess, control: ControlClient) -> None:
        self.url: str = process.daraja_url
        """Base URL to give to the code under test."""
        self.control = control
        """Everything else: journal, wallets, outages, clock."""
        self.consumer_key: str = process.ready["consumer_key"]
        self.consumer_secret: str = process.ready["consumer_secret"]
        self.short_code: str = process.ready["short_code"]
        self.passkey: str = process.ready["passkey"]

    def play_next(
        self,
        scenario: str | Mapping[str, Any],
        *,
        msisdn: str | None = None,
        endpoint: str | None = None,
        times: int = 1,
    ) -> None:
        """The next payment of this MSISDN (or the next call of this endpoint) plays a scenario."""
        self.control.play_next(scenario, msisdn=msisdn, endpoint=endpoint, times=times)

    def payments(self, **where: str) -> list[dict[str, Any]]:
        """Payments by `msisdn`, `checkout_request_id` or `reference`, oldest first."""
        return self.control.payments(**where)

    def wait_for_callback(self, *, msisdn: str, count: int = 1, timeout_s: float = 10.0) -> list[dict[str, Any]]:
        """The callbacks that were delivered to this MSISDN's merchant, once there are `count` of them.

        Raises:
            TimeoutError: fewer came within `timeout_s`.
        """
        waited = self.control.wait("callback_answered", msisdn=msisdn, count=count, timeout_s=timeout_s)
        entries: list[dict[str, Any]] = waited["entries"]
        if not waited["met"]:
            raise TimeoutError(f"{len(entries)} of {count} callbacks for {msisdn} within {timeout_s:g} s")
        return entries


@pytest.fixture(scope="session")
def daraja_process() -> Iterator[Daraja]:
    """The session's simulator; use `daraja`, which resets it for each test."""
    from tayari_control.client import ControlClient  # noqa: PLC0415
    from tayari_control.process import SimulatorOptions, start_simulator  # noqa: PLC0415
    from tayari_target.resources import scenario_folder  # noqa: PLC0415 - see TYPE_CHECKING above

    with start_simulator(SimulatorOptions(scenarios=(scenario_folder(),))) as process:
        control = ControlClient(process.control_url, token=process.control_token)
        yield Daraja(process, control)
        control.close()


@pytest.fixture
def daraja(daraja_process: Daraja) -> Daraja:
    """A fake Daraja with nothing in it yet."""
    daraja_process.control.reset()
    return daraja_process
