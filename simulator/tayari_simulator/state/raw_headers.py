"""Headers as they came, in order, and whether exchanges share them.

Not compiled with the modules beside it: mypyc knows no class that inherits from a tuple.
"""

from __future__ import annotations

from typing import Final

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""Header names and values as they came, in order."""


LONGEST_SHARED: Final = 2048
"""Exchanges share headers up to this many bytes, which are not counted for each of them."""


class LongHeaders(RawHeaders):
    """Headers that are too long to be shared: each exchange counts their bytes as its own."""

    size: int


def header_bytes(headers: RawHeaders) -> int:
    """How many bytes names and values have."""
    return sum(len(name) + len(value) for name, value in headers)


def long_headers(headers: RawHeaders) -> LongHeaders | None:
    """The same headers, when they are too long to be shared."""
    size = header_bytes(headers)
    if size <= LONGEST_SHARED:
        return None
    made = LongHeaders(headers)
    made.size = size
    return made
