"""What several files of contract tests share."""

from collections.abc import Iterator

import pytest
from forked_programs import started_by_fork


@pytest.fixture(scope="module")
def forked_programs() -> Iterator[None]:
    """The merchants and simulators of this file are forked: it starts many of them."""
    with started_by_fork():
        yield
