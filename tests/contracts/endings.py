"""How a judgement ends."""

from collections.abc import Callable
from typing import Any

from tayari_contracts.context.findings import Finding


def ending(judge: Callable[..., object], *seen: Any, **how: Any) -> str:
    """The kind of finding that a judgement raises; `passes` when it raises none."""
    try:
        judge(*seen, **how)
    except Finding as finding:
        return type(finding).__name__
    return "passes"
