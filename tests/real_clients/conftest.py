"""One simulator for all real clients; what could not be installed is shouted at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tayari_control.client import ControlClient
from tayari_control.process import SimulatorOptions, SimulatorProcess, start_simulator

NOT_PROVEN = pytest.StashKey[dict[str, str]]()


OTHER_FORMS = {
    "expires_in_type": "number",
    "balance_item": "empty",
    "callback_amount": "two_decimals",
    "request_id_style": "classic",
    "wording": "classic-2021",
    "id_fraction_digits": "3",
    "query_description": "successsfully",
}
"""Everything of the successful path that was seen to differ between years and environments, the other way round."""
FORMS = {"documented": {}, "other forms": OTHER_FORMS}


@pytest.fixture(scope="session", params=FORMS.values(), ids=list(FORMS))
def simulator(request: pytest.FixtureRequest) -> Iterator[SimulatorProcess]:
    """A simulator on ports of the system's choice, as documented and with the other forms."""
    words = [word for name, value in request.param.items() for word in ("--option", f"{name}={value}")]
    with start_simulator(SimulatorOptions(extra=tuple(words))) as process:
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
