"""The running simulator as the control API and the server see it: one object, its methods are the public seam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tayari_simulator.config import Config
from tayari_simulator.core.behaviour import Choose, Delivery
from tayari_simulator.core.payments import Payment

Json = dict[str, Any]


class TargetRefused(Exception):
    """A callback URL whose host is neither loopback nor allowed; nothing was sent."""


class ClockIsReal(Exception):
    """`advance` was asked of a clock that cannot be moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How one delivery ended. `status` None: no answer, and `error` says why."""

    url: str
    status: int | None
    body: str
    duration_s: float
    error: str

    def to_dict(self) -> Json:
        """As the control API shows it."""
        return {
            "url": self.url,
            "status": self.status,
            "body": self.body,
            "duration_s": self.duration_s,
            "error": self.error,
        }


class Simulator:
    """One fake Daraja with its clock, journal, ports and callback sender. Used from one event loop."""

    def __init__(self, config: Config, *, choose: Choose | None = None) -> None:
        self.config = config
        self.choose = choose
        self.daraja_url = ""
        """Known once started."""
        self.control_url = ""
        """Set by whoever opens the control port."""

    async def start(self) -> None:
        """Open the Daraja port. Raises OSError when it is taken."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the port, the connections and the journal file."""
        raise NotImplementedError

    def settings(self) -> Json:
        """`GET /v1/settings`."""
        raise NotImplementedError

    def now_s(self) -> float:
        """The clock's seconds since the epoch (virtual, unless the clock is real)."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget payments, tokens, wallets, an outage, and the journal. Queued scenarios belong to who chooses."""
        raise NotImplementedError

    def revoke_tokens(self) -> int:
        """Make every issued token invalid; returns how many there were."""
        raise NotImplementedError

    def refuse_connections(self, for_s: float) -> None:
        """Close the Daraja port and open the same one again after so many real seconds."""
        raise NotImplementedError

    def set_wallet(self, msisdn: str, balance: int) -> None:
        """Give an MSISDN a wallet with so many shillings."""
        raise NotImplementedError

    async def advance(self, *, by_s: float | None = None, to_next: bool = False, until_idle: bool = False) -> Json:
        """Move a manual clock: `now_s`, `fired`. Exactly one of the three. Raises ClockIsReal."""
        raise NotImplementedError

    def payment(self, checkout_request_id: str) -> Payment | None:
        """The payment with this id, if it is still remembered."""
        raise NotImplementedError

    def payments(
        self, *, msisdn: str | None = None, checkout_request_id: str | None = None, reference: str | None = None
    ) -> list[Json]:
        """Payments in the shape of the control API, oldest first."""
        raise NotImplementedError

    def journal(
        self,
        *,
        msisdn: str | None = None,
        checkout_request_id: str | None = None,
        endpoint: str | None = None,
        kind: str | None = None,
        since: int = 0,
        until: int | None = None,
        limit: int = 1000,
    ) -> Json:
        """`entries`, `next`, `dropped`."""
        raise NotImplementedError

    async def wait(
        self,
        condition: str,
        *,
        timeout_s: float,
        msisdn: str | None = None,
        checkout_request_id: str | None = None,
        count: int = 1,
        since: int = 0,
    ) -> Json:
        """`met`, `entries`, `waited_s`. Raises ValueError for a condition that does not exist (`CONDITIONS` lists them)."""
        raise NotImplementedError

    def callback_body(self, payment: Payment, *, result_code: int | str | None = None) -> Json:
        """The callback of that payment; with `result_code`, a fresh one that says so (the truth does not change)."""
        raise NotImplementedError

    def source_headers(self, source: str | None = None) -> tuple[tuple[str, str], ...]:
        """The configured source header with this address (None: one of Safaricom's); empty when none is configured."""
        raise NotImplementedError

    async def send(
        self, deliveries: Sequence[Delivery], *, parallel: bool = False, gap_s: float = 0.0, timeout_s: float = 30.0
    ) -> list[Answered]:
        """Send callbacks now, one after another `gap_s` apart, or all at once; journalled with kind `control`.

        Raises:
            TargetRefused: a host is not allowed; then nothing at all was sent.
        """
        raise NotImplementedError

    def codes(self) -> list[Json]:
        """The catalogue of result codes."""
        raise NotImplementedError

    def schemas(self) -> Json:
        """JSON Schemas by name, made from the endpoint table."""
        raise NotImplementedError

    def metrics(self) -> dict[str, float]:
        """Counters and gauges by Prometheus name (`tayari_pushes_accepted_total`, ...)."""
        raise NotImplementedError
