"""One test for each scenario that was named with `--tayari-scenario`."""

from tayari_contracts.runner.collection import report_outcome
from tayari_contracts.runner.pytest_session import CheckSession


def test_scenario(tayari_scenario: str, tayari_suite: CheckSession) -> None:
    """The merchant does what the scenario expects."""
    report_outcome(tayari_suite.result(tayari_scenario), tayari_suite.rule(tayari_scenario))
