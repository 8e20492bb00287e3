"""`huge_callback`: far more than a callback ever has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import orjson

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.faults.change import BadChange, Change
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.strict_reading import AtLeast, AtMost


@dataclass(frozen=True, slots=True)
class HugeCallback(CallbackFault):
    """Lengthen `ResultDesc` until the body has `kilobytes` (of 1024 bytes); it is valid JSON with the true result.

    A C2B message has none: its `BillRefNumber` is made as long.
    """

    kilobytes: Annotated[int, AtLeast(1), AtMost(10_240)] = 1024

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        return tuple(self._larger(delivery) for delivery in deliveries)

    def _larger(self, delivery: Delivery) -> Delivery:
        missing = self.kilobytes * 1024 - len(delivery.body)
        try:
            path, text = _longest_text(orjson.loads(delivery.body))
            body = Change(set={path: f"{text}{' ' * max(0, missing)}"}).apply(delivery.body)
        except (orjson.JSONDecodeError, KeyError, TypeError, BadChange):
            body = delivery.body + b" " * max(0, missing)
        return replace(delivery, body=body, note=f"huge: {len(body)} bytes")


def _longest_text(message: Any) -> tuple[str, str]:
    """The path of the text that may grow, and the text."""
    if "Body" in message:
        return "Body.stkCallback.ResultDesc", message["Body"]["stkCallback"]["ResultDesc"]
    if "Result" in message:
        return "Result.ResultDesc", message["Result"]["ResultDesc"]
    return "BillRefNumber", message["BillRefNumber"]
