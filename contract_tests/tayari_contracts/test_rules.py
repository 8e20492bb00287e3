"""One test for each rule of the suite. The checks run side by side from the start; a test waits for its own."""

from tayari_contracts.runner.collection import report_outcome
from tayari_contracts.runner.pytest_session import CheckSession


def test_rule(tayari_rule: str, tayari_suite: CheckSession) -> None:
    """The merchant keeps the rule."""
    report_outcome(tayari_suite.result(tayari_rule), tayari_suite.rule(tayari_rule))
