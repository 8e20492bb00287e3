"""One test for each rule of the suite. The checks run side by side from the start; a test waits for its own."""

from tayari_contracts.runner.collection import settle
from tayari_contracts.runner.session import Suite


def test_rule(tayari_rule: str, tayari_suite: Suite) -> None:
    """The merchant keeps the rule."""
    settle(tayari_suite.result(tayari_rule), tayari_suite.rule(tayari_rule))
