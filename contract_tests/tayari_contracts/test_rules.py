"""One test for each rule of the suite. The checks run side by side from the start; a test waits for its own."""

from tayari_contracts.settle import settle
from tayari_contracts.suite import Suite


def test_rule(tayari_rule: str, tayari_suite: Suite) -> None:
    """The merchant keeps the rule."""
    settle(tayari_suite.result(tayari_rule), tayari_suite.rule(tayari_rule))
