"""JSON as bytes that may be kept."""

from __future__ import annotations

import orjson


def dumps(value: object) -> bytes:
    """The JSON of a value. Copied: orjson's own bytes hold on to a buffer of some kilobytes as long as they live."""
    return bytes(memoryview(orjson.dumps(value)))
