"""One test for each scenario that was named with `--tayari-scenario`."""

from tayari_contracts.runner.collection import settle
from tayari_contracts.runner.session import Suite


def test_scenario(tayari_scenario: str, tayari_suite: Suite) -> None:
    """The merchant does what the scenario expects."""
    settle(tayari_suite.result(tayari_scenario), tayari_suite.rule(tayari_scenario))
