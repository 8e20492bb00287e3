"""One test for each scenario that was named with `--tayari-scenario`."""

from tayari_contracts.settle import settle
from tayari_contracts.suite import Suite


def test_scenario(tayari_scenario: str, tayari_suite: Suite) -> None:
    """The merchant does what the scenario expects."""
    settle(tayari_suite.result(tayari_scenario), tayari_suite.rule(tayari_scenario))
