"""What the control API tells, without what nobody else must read: MSISDNs, secrets, the secret parts of addresses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

from tayari_reports.redaction import Redactor
from tayari_reports.redaction.msisdn import subscribers

from tayari.run.doctor.diagnose_merchant import without_secrets

_SECRETS: Final = ("TAYARI_PASSKEY", "TAYARI_CONSUMER_KEY", "TAYARI_CONSUMER_SECRET")
_ADDRESSES: Final = frozenset({"url", "callback_url"})


def redacted(value: Any) -> Any:
    """The same JSON with every text masked; an MSISDN that stands in one text is found in longer numbers of others."""
    secrets = [found for found in map(os.environ.get, _SECRETS) if found]
    seen = {number for text in _texts(value) for number in subscribers(text)}
    return _masked(value, Redactor(secrets, seen))


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {key: _masked(_shortened(key, item), redactor) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, redactor) for item in value]
    return redactor.text(value) if isinstance(value, str) else value


def _shortened(key: str, value: Any) -> Any:
    return without_secrets(value) if key in _ADDRESSES and isinstance(value, str) and value else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
