"""One simulator for all real clients; what could not be installed is shouted at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tayari.control.client import ControlClient
from tayari.control.process import SimulatorProcess, start_simulator

NOT_PROVEN = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorProcess]:
    """A simulator on ports of the system's choice."""
    with start_simulator() as process:
        yield process


@pytest.fixture(scope="session")
def control(simulator: SimulatorProcess) -> Iterator[ControlClient]:
    """Its control API."""
    client = ControlClient(simulator.control_url)
    yield client
    client.close()


@pytest.fixture
def not_proven(pytestconfig: pytest.Config) -> dict[str, str]:
    """Clients that could not be installed, with the reason; told in the summary, not in a letter."""
    return pytestconfig.stash.setdefault(NOT_PROVEN, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what this run did not prove."""
    for name, reason in config.stash.get(NOT_PROVEN, {}).items():
        terminalreporter.write_line(f"NOT PROVEN with the real client {name}: registry unreachable: {reason}", red=True)
