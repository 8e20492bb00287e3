"""Callbacks that the control API ordered: sent one after another or all at once, and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tayari_simulator.core.behaviour import Delivery
from tayari_simulator.core.exchange import Exchange
from tayari_simulator.http.outbox import Outbox
from tayari_simulator.http.targets import Target
from tayari_simulator.journal.shape import text

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How one delivery ended. `status` None: no answer, and `error` says why."""

    url: str
    status: int | None
    body: str
    duration_s: float
    error: str

    @classmethod
    def of(cls, exchange: Exchange) -> Answered:
        """Read a finished exchange."""
        return cls(
            url=exchange.url,
            status=exchange.status or None,
            body=text(exchange.response_body),
            duration_s=round(exchange.duration_s, 6),
            error=exchange.error,
        )

    def to_dict(self) -> Json:
        """As the control API shows it."""
        return {
            "url": self.url,
            "status": self.status,
            "body": self.body,
            "duration_s": self.duration_s,
            "error": self.error,
        }


async def send_ordered(
    outbox: Outbox, pairs: Sequence[tuple[Delivery, Target]], *, parallel: bool, gap_s: float, timeout_s: float
) -> list[Answered]:
    """Send each to its target; the answers come in the order of the deliveries."""
    if parallel:
        return list(await asyncio.gather(*(_send(outbox, *pair, timeout_s) for pair in pairs)))
    answers = []
    for number, pair in enumerate(pairs):
        if number and gap_s:
            await asyncio.sleep(gap_s)
        answers.append(await _send(outbox, *pair, timeout_s))
    return answers


async def _send(outbox: Outbox, delivery: Delivery, target: Target, timeout_s: float) -> Answered:
    done: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()

    def finished(exchange: Exchange) -> None:
        if not done.done():
            done.set_result(exchange)

    outbox.send_ordered(delivery, target, timeout_s, finished)
    return Answered.of(await done)
