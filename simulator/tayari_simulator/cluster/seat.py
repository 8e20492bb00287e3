"""What a process is told before it takes part: its number, the common secret, the port and the origin of the clock."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

import orjson

from tayari_simulator.config import JOURNAL_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One process's place. Sent over its standard input, so that the secret is neither an argument nor a variable."""

    index: int
    of: int
    """How many identifiers apart its own are: no two processes draw the same."""
    secret: str
    port: int
    """The Daraja port that all of them share."""
    host: str = "127.0.0.1"
    """Where the others reach it."""
    journal_bytes: int = JOURNAL_BYTES
    """Its part of the bound of the journal in memory."""
    wall_s: float
    monotonic_s: float
    tokens: dict[str, Any] = field(default_factory=dict)
    """What was revoked before it came."""

    def line(self) -> bytes:
        """As one line of JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def read(cls, line: bytes | str) -> Self:
        """What `line` made."""
        return cls(**orjson.loads(line))
