"""One HTTP exchange, in either direction, as it was on the wire: what the core reads, and what the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import orjson

from tayari_simulator.state.raw_headers import RawHeaders


def dumps(value: object) -> bytes:
    """The JSON of a value. Copied: orjson's own bytes hold on to a buffer of some kilobytes as long as they live."""
    return b"%b" % orjson.dumps(value)


class ExchangeKind(StrEnum):
    """Who called whom."""

    REQUEST = "request"
    """The merchant called Daraja."""
    CALLBACK = "callback"
    """Daraja called the merchant."""
    CONTROL = "control"
    """A callback that is not Daraja's own: sent through the control API, or forged by a scenario."""


@dataclass(slots=True)
class JournalExchange:
    """A request and its answer. Mutable: the core and the HTTP layer fill it in; the journal keeps this very record.

    `status` 0 means that no answer was given or received; `error` then says why. Times are clock seconds of the core,
    except `wall_at`, which is real time; both since the epoch.
    """

    kind: ExchangeKind
    endpoint: str
    method: str
    url: str
    request_headers: RawHeaders
    request_body: bytes
    at_s: float
    wall_at_s: float
    seq: int = 0
    duration_s: float = 0.0
    msisdn: str = ""
    transaction_id: str = ""
    scenario: str = ""
    note: str = ""
    remote: str = ""
    status: int = 0
    response_headers: RawHeaders = ()
    response_body: bytes = b""
    error: str = ""
    due_s: float = 0.0
    """For a callback: when it was planned."""
    sent: bool = False
    """For a callback: whether its first byte was written."""
    kept_bytes: int = 0
    """What the journal counts for it, as long as it is there."""
