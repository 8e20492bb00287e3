"""The same good shop with other habits: `python duka.py --mood token-at-start`.

A mood is right by design. No rule may fail in it, and no rule may pass in it without having tested anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from c2b import C2b
from callbacks import Hooks
from checkout import AnyTotal, Checkout, SplitCheckout
from defects import UnknownDefect, replaced
from defects.interleavings import TwoWorkers
from defects.row import Defect, defect
from parts import Parts
from records import Order, Payment
from settings import Settings
from settlement import QueryGaps, Reconciler, Settlement


class TokenAtStart(Reconciler):
    def resume(self) -> None:
        super().resume()
        self._work.start(self._daraja._tokens.get())


class RegistersAtStart(C2b):
    """Registers its C2B URLs, and tries again until Daraja has taken them."""

    at_start = True


class AsksAllTheTime(QueryGaps):
    growth = 1.5

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.first_s = 0.5


class AnswersFirst(Checkout):
    async def pay(self, order: Order, idempotency_key: str | None) -> Payment:
        payment, is_new = self._store.open(order, idempotency_key=idempotency_key)
        if not is_new:
            return await super().pay(order, idempotency_key)
        self._work.start(self.push_later(payment))
        return payment

    async def push_later(self, payment: Payment) -> None:
        await asyncio.sleep(0.3)
        await self.push(payment)


class PushesFromAQueue(AnswersFirst):
    """One push after the other; a retry waits for its turn as well."""

    turn: asyncio.Lock | None = None

    async def push_later(self, payment: Payment) -> None:
        type(self).turn = type(self).turn or asyncio.Lock()
        assert self.turn is not None
        async with self.turn:
            await asyncio.sleep(0.05)
        await self.push(payment)


class QueriesSettle(Settlement):
    """No callback decides, not even a failure: each is a reason to ask."""

    def is_final_failure(self, code: str) -> bool:  # noqa: ARG002 - the query says what the code means
        return False


class WorksLater(Hooks):
    """Says 200, and works on the message some seconds later, as a queue does."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._queue_s = 3.0


class NoCallbackRoute(Hooks):
    def routes(self) -> list[web.RouteDef]:
        return []


MOODS: tuple[Defect, ...] = (
    defect("token-at-start", "", "Fetches a token when it starts.", TokenAtStart),
    defect("registers-at-start", "", "Registers URLs when it starts, and tries again.", RegistersAtStart),
    defect("asks-all-the-time", "", "Asks about open payments soon and often.", AsksAllTheTime),
    defect("answers-first", "", "Answers its customer before it pushes.", AnswersFirst),
    defect("pushes-from-a-queue", "", "Pushes from a queue, one payment after the other.", PushesFromAQueue),
    defect("queries-settle", "", "Settles by queries only; a callback is a reason to ask.", QueriesSettle),
    defect("splits-orders", "", "Asks for more than the limit in several pushes.", AnyTotal, SplitCheckout),
    defect("two-workers", "", "Runs as two processes with one database.", TwoWorkers),
    defect("works-later", "", "Works on each callback three seconds after its 200.", WorksLater),
    defect("no-callbacks", "", "Takes no callbacks; it settles by queries alone.", NoCallbackRoute),
)


def with_moods(parts: Parts, names: Iterable[str]) -> Parts:
    """The parts of a shop with these habits, on top of what it has.

    Raises:
        UnknownDefect: there is no mood of that name.
    """
    by_name = {mood.name: mood for mood in MOODS}
    for name in names:
        if name not in by_name:
            raise UnknownDefect(f"there is no mood {name!r}; expected one of {', '.join(by_name)}")
        for override in by_name[name].overrides:
            parts = replaced(parts, override)
    return parts
