"""`malformed_callback`: what arrives cannot be parsed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tayari_simulator.faults.base import CallbackFault
from tayari_simulator.state.behaviour import Delivery


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
