"""What a defect is: a row of the table, and the one thing it replaces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to get M-Pesa wrong."""

    name: str
    rules: tuple[str, ...]
    """The rules that must notice it."""
    about: str
    overrides: tuple[type, ...]
    """Subclasses of parts of the shop (`parts.Parts`), each played instead of its part."""


def defect(name: str, rules: str, about: str, *overrides: type) -> Defect:
    """A row, with the rules as in `"A10 A12"`."""
    return Defect(name, tuple(rules.split()), about, overrides)
