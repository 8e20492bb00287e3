"""What could not be installed is shouted at the end."""

from __future__ import annotations

import pytest

NOT_PROVEN = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def not_proven(pytestconfig: pytest.Config) -> dict[str, str]:
    """Clients that could not be installed, with the reason; the summary names them in full."""
    return pytestconfig.stash.setdefault(NOT_PROVEN, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what this run did not prove."""
    for name, reason in config.stash.get(NOT_PROVEN, {}).items():
        terminalreporter.write_line(f"NOT PROVEN with the real client {name}: registry unreachable: {reason}", red=True)
