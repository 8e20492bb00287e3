"""The `daraja` fixture: a fake M-Pesa API for a team's own tests. Costs nothing where it is not asked for.

    def test_checkout(daraja, client):
        daraja.play_next("payment/insufficient-funds", msisdn="254700000001")
        ...

Installing Tayari is all the set-up. One simulator is started for a session and a set of options, at the
first test that asks, on ports that the system chooses; it is reset before every test. docs/fixture.md has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:  # imported when the fixture is used: pytest loads this module in every session on the machine
    from tayari_control.client import ControlClient
    from tayari_control.simulator_process import SimulatorProcess

_OPTIONS: Final = {
    "profile": "which Daraja: documented (default), or another name of `tayari simulate --profile`",
    "clock": "real, scaled:N or manual",
    "seed": "seed of ids, delays and mixes",
    "scenarios": "a folder of scenario files, beside those that are shipped",
    "deliver_to": "one address that takes all callbacks",
    "source_header": "the header in which the application reads the caller's address",
}
"""What `daraja_NAME` of the ini file and `@pytest.mark.daraja(NAME=...)` may say, and what it is."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the ini file."""
    for name, about in _OPTIONS.items():
        parser.addini(f"daraja_{name}", f"the daraja fixture: {about}")


def pytest_configure(config: pytest.Config) -> None:
    """The mark."""
    named = ", ".join(f"{name}=..." for name in _OPTIONS)
    config.addinivalue_line("markers", f"daraja({named}): options of the daraja fixture for this test")


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

    def advance(self, *, by_s: float | None = None, to: str | None = None, until: str | None = None) -> None:
        """Move a manual clock: by seconds, `to="next"` (what is planned next) or `until="idle"` (nothing is left)."""
        self.control.advance(by_s=by_s, to=to, until=until)

    def wait_for_callback(self, *, msisdn: str, count: int = 1, timeout_s: float = 10.0) -> list[dict[str, Any]]:
        """The callbacks that were delivered to this MSISDN's merchant, once there are `count` of them.

        They may have been answered with anything: `assert_callback_accepted` looks at that.

        Raises:
            TimeoutError: fewer came within `timeout_s`.
        """
        waited = self.control.wait("callback_answered", msisdn=msisdn, count=count, timeout_s=timeout_s)
        entries: list[dict[str, Any]] = waited["entries"]
        if not waited["met"]:
            tried = self._deliveries(msisdn)
            last = f"; the last one: {_outcome(tried[-1])}" if tried else f"; {self._why_none(msisdn)}"
            raise TimeoutError(f"{len(entries)} of {count} callbacks for {msisdn} within {timeout_s:g} s{last}")
        return entries

    def assert_callback_accepted(self, *, msisdn: str, count: int = 1, timeout_s: float = 10.0) -> None:
        """The application took `count` callbacks of this MSISDN, and answered each with a status of 200 to 299.

        Raises:
            AssertionError: one was answered otherwise, or not delivered. TimeoutError: fewer came.
        """
        self.wait_for_callback(msisdn=msisdn, count=count, timeout_s=timeout_s)
        refused = [row for row in self._deliveries(msisdn) if not 200 <= _status(row) < 300]
        assert not refused, f"a callback for {msisdn} was not accepted: {_outcome(refused[0])}"

    def assert_no_unexpected_calls(self) -> None:
        """Every call to Daraja went to an API, and only scenarios refused calls.

        Raises:
            AssertionError: names the first other call, and why it was refused.
        """
        calls = self.control.journal(kind="request", limit=10_000)["entries"]
        wrong = [row for row in calls if not row["endpoint"] or (_status(row) >= 400 and not row["scenario"])]
        if wrong:
            first = wrong[0]
            asked = f"{first['request']['method']} {first['request']['url']}"
            why = first["note"] or (first["response"] or {}).get("body", "")
            raise AssertionError(f"{asked} was answered {_status(first)}: {why} ({len(wrong)} such calls)")

    def _why_none(self, msisdn: str) -> str:
        """Why Daraja called nobody about this MSISDN."""
        known = self.payments(msisdn=msisdn)
        if known:
            return f"its payment is {known[-1]['state']}"
        calls = self.control.journal(kind="request", limit=10_000)["entries"]
        refused = [row for row in calls if _status(row) >= 400]
        if refused:
            why = refused[-1]["note"] or (refused[-1]["response"] or {}).get("body", "")
            url = refused[-1]["request"]["url"]
            return f"no push of this number was accepted; the last refused call: {url}, {_status(refused[-1])}: {why}"
        return f"no push of this number came; {len(calls)} calls reached Daraja, which is at {self.url}"

    def _deliveries(self, msisdn: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control.journal(kind="callback", msisdn=msisdn)["entries"]
        return found


def _status(entry: Mapping[str, Any]) -> int:
    return int((entry["response"] or {}).get("status", 0))


def _outcome(entry: Mapping[str, Any]) -> str:
    """The outcome of a delivery."""
    url, response = entry["request"]["url"], entry["response"]
    if response is None:
        return f"{url} was not reached: {entry['error']}"
    return f"{url} answered {response['status']}: {response['body'][:200]}"


class _Simulators:
    """The simulators of a session, by their options."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._known: dict[tuple[tuple[str, str], ...], Daraja] = {}

    def with_options(self, options: Mapping[str, str], folder: Path) -> Daraja:
        """The one with these options, started if need be. `folder`: what a path in them is relative to."""
        key = tuple(sorted(options.items()))
        if key not in self._known:
            self._known[key] = self._started(options, folder)
        return self._known[key]

    def _started(self, options: Mapping[str, str], folder: Path) -> Daraja:
        from tayari_control.client import ControlClient  # noqa: PLC0415 - see TYPE_CHECKING above
        from tayari_control.simulator_process import CallbackRoute, SimulatorOptions, start_simulator  # noqa: PLC0415
        from tayari_target.resources import scenario_folder  # noqa: PLC0415

        own = (folder / options["scenarios"],) if "scenarios" in options else ()
        chosen = SimulatorOptions(
            profile=options.get("profile", "documented"),
            clock=options.get("clock", "real"),
            seed=int(options["seed"]) if "seed" in options else None,
            scenarios=(scenario_folder(), *own),
            callbacks=CallbackRoute(deliver_to=options.get("deliver_to"), source_header=options.get("source_header")),
        )
        process = self._open.enter_context(start_simulator(chosen))
        control = ControlClient(process.control_url, token=process.control_token)
        self._open.callback(control.close)
        return Daraja(process, control)

    def close(self) -> None:
        """Stop them all."""
        self._open.close()


@pytest.fixture(scope="session")
def daraja_simulators() -> Iterator[_Simulators]:
    """The session's simulators; use `daraja`, which chooses one and resets it for each test."""
    simulators = _Simulators()
    yield simulators
    simulators.close()


@pytest.fixture
def daraja(request: pytest.FixtureRequest, daraja_simulators: _Simulators) -> Daraja:
    """A fake Daraja with nothing in it yet, with the options of the ini file and of the test's marks."""
    config = request.config
    options = {name: str(config.getini(f"daraja_{name}")) for name in _OPTIONS if config.getini(f"daraja_{name}")}
    for mark in reversed(list(request.node.iter_markers("daraja"))):
        unknown = sorted(set(mark.kwargs) - set(_OPTIONS))
        if unknown or mark.args:
            found = ", ".join([*unknown, *map(repr, mark.args)])
            pytest.fail(f"the mark daraja has {found}; expected some of {', '.join(_OPTIONS)}, each as NAME=VALUE")
        options |= {name: str(value) for name, value in mark.kwargs.items()}
    chosen = daraja_simulators.with_options(options, config.rootpath)
    chosen.control.reset()
    return chosen
