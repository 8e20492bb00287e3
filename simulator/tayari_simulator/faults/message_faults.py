"""Faults of the messages to the merchant: not sent, sent otherwise, or changed on their way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson

from tayari_simulator.faults.base import STRANGER, CallbackFault, ResultCode, TableFault, stranger
from tayari_simulator.faults.change import BadChange, Change
from tayari_simulator.faults.delays import DelayForm
from tayari_simulator.state.behaviour import Behaviour, Call, DelayDistribution, Delivery, Fixed, Step
from tayari_simulator.strict_reading import AtLeast, AtMost, Seconds, SecondsOrNone

_AFTER: Final[DelayDistribution] = Fixed(1.0)


@dataclass(frozen=True, slots=True)
class Drop(CallbackFault):
    """Send no callback for this result; the query answers nevertheless."""

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:  # noqa: ARG002 - the hook's shape
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(CallbackFault):
    """Deliver `count` times in all, `gap_s` seconds apart, or with `parallel` all at once."""

    count: Annotated[int, AtLeast(2), AtMost(100)] = 2
    gap_s: SecondsOrNone = 1.0
    parallel: bool = False

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        gap_s = 0.0 if self.parallel else self.gap_s
        return tuple(
            replace(delivery, due_s=delivery.due_s + number * gap_s, note=f"duplicate {number + 1} of {self.count}")
            for delivery in deliveries
            for number in range(self.count)
        )


@dataclass(frozen=True, slots=True)
class Delay(CallbackFault):
    """Send the callback `by_s` seconds after its time."""

    by_s: Seconds

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        return tuple(replace(delivery, due_s=delivery.due_s + self.by_s) for delivery in deliveries)


@dataclass(frozen=True, slots=True)
class Reorder(CallbackFault):
    """Send the callback `gap_s` seconds after that of another payment; if none comes, `within_s` after its own time."""

    within_s: Seconds = 10.0
    gap_s: Seconds = 0.2

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        return tuple(
            replace(delivery, due_s=delivery.due_s + self.within_s, overtaken_gap_s=self.gap_s, note="reordered")
            for delivery in deliveries
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutate(CallbackFault):
    """Set and drop places of the callback's body, and order its metadata items; the truth stays what it is."""

    set: Mapping[str, object] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        """The change to make, as the control API makes it too."""
        return Change(set=self.set, drop=self.drop, order=self.order)

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        """The same deliveries, changed. A place that this body lacks is left, and the note says so."""
        return tuple(self._changed(delivery) for delivery in deliveries)

    def _changed(self, delivery: Delivery) -> Delivery:
        missed: list[str] = []
        body = self.change.apply_where_possible(delivery.body, missed)
        return replace(delivery, body=body, note="; ".join(["mutated", *missed]))


class MalformedForm(StrEnum):
    """How the body is broken."""

    TRUNCATED = "truncated"
    EMPTY = "empty"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class MalformedCallback(CallbackFault):
    """Break the callback's body: half of it, none of it, or text in its place."""

    form: MalformedForm = MalformedForm.TRUNCATED

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        note = f"malformed: {self.form}"
        return tuple(replace(delivery, body=self._broken(delivery.body), note=note) for delivery in deliveries)

    def _broken(self, body: bytes) -> bytes:
        if self.form is MalformedForm.EMPTY:
            return b""
        # The text is ours: no capture of a malformed callback is known.
        return body[: len(body) // 2] if self.form is MalformedForm.TRUNCATED else b"Service is currently unreachable"


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


@dataclass(frozen=True, slots=True)
class LateFailure(TableFault):
    """Send a second callback with `result_code`, `after_s` seconds after the last one; the truth does not change."""

    result_code: ResultCode = 1037
    after_s: DelayForm = _AFTER
    calls = frozenset({Call.CALLBACK})

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        lie = Step(result_code=self.result_code, after=self.after_s, truth=False)
        return replace(behaviour, steps=(*behaviour.steps, lie))


class OtherMethod(StrEnum):
    """Methods that no callback has."""

    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class WrongMethod(CallbackFault):
    """Call the URL by `method` first (PUT with the callback's body, the others with none); the callback is later.

    It stands for a link checker, a scanner or a proxy, `gap_s` seconds ahead: Daraja itself only posts.
    """

    method: OtherMethod = OtherMethod.GET
    gap_s: Seconds = 1.0

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        if not deliveries:
            return ()
        first = deliveries[0]
        body = first.body if self.method is OtherMethod.PUT else b""
        odd = stranger(first, STRANGER, method=self.method.value, body=body, note=f"by {self.method}, not POST")
        return (odd, *(replace(delivery, due_s=delivery.due_s + self.gap_s) for delivery in deliveries))
