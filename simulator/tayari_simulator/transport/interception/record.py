"""What came to the TLS port and to the forward proxy, so that `tayari doctor` can say why no call arrives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MOST_ROWS: Final = 200
LONGEST_HOST: Final = 100


class Way(StrEnum):
    """The outcome of a call."""

    PLAYED = "played"
    """It went to the simulator."""
    PASSED = "passed"
    """It went through to another host."""
    REFUSED = "refused"
    """It was turned away; `reason` says why."""
    TLS = "tls"
    """It came to the TLS port. One that came through the proxy is counted as `played` as well."""
    UNTRUSTED = "untrusted"
    """The caller does not trust the local authority."""


@dataclass(slots=True)
class HostCalls:
    """Calls of one host that ended alike."""

    host: str
    way: Way
    reason: str
    count: int = 0
    last_s: float = 0.0
    """Seconds since the epoch."""


class InterceptionRecord:
    """The calls by host and end; at most `MOST_ROWS` rows, further hosts are counted in `others`."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, Way, str], HostCalls] = {}
        self.others = 0

    def note(self, host: str, way: Way, reason: str = "", *, at_s: float) -> None:
        """One more call."""
        host = host[:LONGEST_HOST]
        key = (host, way, reason)
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= MOST_ROWS:
                self.others += 1
                return
            row = self._rows[key] = HostCalls(host, way, reason)
        row.count += 1
        row.last_s = at_s

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()
        self.others = 0

    def to_dict(self) -> dict[str, Any]:
        """`GET /v1/interception`."""
        calls = [
            {"host": row.host, "way": row.way.value, "reason": row.reason, "count": row.count, "last_s": row.last_s}
            for row in self._rows.values()
        ]
        return {"calls": calls, "others": self.others}
