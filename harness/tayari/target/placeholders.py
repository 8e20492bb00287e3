"""The `{names}` that a target file may use, and how they are filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

RUN: Final = frozenset(
    {
        "daraja_url",
        "proxy_url",
        "ca_file",
        "consumer_key",
        "consumer_secret",
        "short_code",
        "passkey",
        "port",
        "work_dir",
        "python",
        "target_dir",
    }
)
"""Known once the simulator runs."""

PAYMENT: Final = frozenset({"msisdn", "msisdn_local", "amount", "amount_text", "reference", "idempotency_key"})
"""Known when a payment is started."""

READING: Final = frozenset({"payment_id", "reference"})
"""Known when a payment is read."""

_NAME = re.compile(r"(?<![{$])\{([a-z][a-z0-9_]*)\}(?!\})")


class PlaceholderError(Exception):
    """A placeholder has no value in this run; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{name}}} has no value in this run")
        self.name = name


def names(text: str) -> tuple[str, ...]:
    """The placeholders in a text, in order; `${HOME}` and `{{literal}}` are none."""
    return tuple(_NAME.findall(text))


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with every placeholder replaced.

    Raises:
        PlaceholderError: a name without a value.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if values.get(name) is None:
            raise PlaceholderError(name)
        return str(values[name])

    return _NAME.sub(value, text)


def fill_json(template: object, values: Mapping[str, object]) -> object:
    """A JSON template filled; a value that is exactly `{amount}` keeps the type it was given with."""
    if isinstance(template, str):
        whole = _NAME.fullmatch(template)
        if whole is not None and isinstance(values.get(whole.group(1)), int | float):
            return values[whole.group(1)]
        return fill(template, values)
    if isinstance(template, Mapping):
        return {key: fill_json(member, values) for key, member in template.items()}
    if isinstance(template, list | tuple):
        return [fill_json(member, values) for member in template]
    return template
