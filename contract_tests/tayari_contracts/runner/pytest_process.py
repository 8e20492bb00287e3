"""The pytest process of a run, which starts while the preflight looks at the merchant.

It imports what the suites need, and then reads one line of JSON from its standard input: a list of the arguments that
`python -m pytest` takes. If no line comes there are no suites, and it ends.
"""

from __future__ import annotations

import json
import sys
from typing import TextIO

import pytest

from tayari_contracts.checks.check_registry import checks
from tayari_contracts.runner import collection


def main(orders: TextIO = sys.stdin) -> int:
    """Run pytest with the arguments that come. Returns its exit code; 0 if none come."""
    checks()
    assert collection, "imported so that pytest finds it ready"
    line = orders.readline()
    return int(pytest.main(json.loads(line))) if line else 0


if __name__ == "__main__":
    sys.exit(main())
