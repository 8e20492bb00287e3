"""The registry of checks: rule id to function, filled by the `@check` decorator of the modules below `checks/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

import tayari_contracts.checks
from tayari_contracts.context.check_context import CheckContext

CheckFunction = Callable[[CheckContext], None]
"""A check: it plays the situation of its rule through its context, and raises a `Finding` unless the rule was kept."""

_checks: dict[str, CheckFunction] = {}


class DuplicateCheck(Exception):
    """Two functions claim one rule."""


def check(rule_id: str) -> Callable[[CheckFunction], CheckFunction]:
    """Mark the function that checks `rule_id`.

    Raises:
        DuplicateCheck: another module has one for it.
    """

    def register(function: CheckFunction) -> CheckFunction:
        if rule_id in _checks and _checks[rule_id].__module__ != function.__module__:
            raise DuplicateCheck(f"{rule_id} is checked by {_checks[rule_id].__module__} and by {function.__module__}")
        _checks[rule_id] = function
        return function

    return register


def checks() -> Mapping[str, CheckFunction]:
    """All checks by rule id, after every module below `checks/` was imported."""
    _import_all()
    return _checks


@cache
def _import_all() -> None:
    """Import all modules once: a search of the folders takes some milliseconds, and each rule asks for its check."""
    for module in walk_packages(tayari_contracts.checks.__path__, "tayari_contracts.checks."):
        import_module(module.name)
