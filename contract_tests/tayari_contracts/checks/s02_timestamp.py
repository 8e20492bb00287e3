"""S02: the Timestamp is 14 digits, and East Africa's time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from tayari_contracts.findings import Failed, Warned
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check
from tayari_contracts.sight import body_of
from tayari_contracts.traffic import first_push

EAST_AFRICA: Final = timezone(timedelta(hours=3))
TOLERANCE_S: Final = 300.0
"""Clocks differ; Daraja does not seem to mind (reference 3.1)."""


@check("S02")
def tells_the_time(probe: Probe) -> None:
    """The Timestamp of one push against the clock."""
    push = first_push(probe, probe.pay())
    timestamp = body_of(push).get("Timestamp")
    moment = moment_of(timestamp)
    if moment is None:
        raise Failed(f"the Timestamp is {timestamp!r}; expected 14 digits, YYYYMMDDHHmmss")
    behind_s = float(push["at"]) - moment.timestamp()
    if abs(behind_s) > TOLERANCE_S:
        raise Warned(f"the Timestamp {timestamp} is {say_offset(behind_s)}; expected East Africa Time (UTC+3)")


def moment_of(timestamp: object) -> datetime | None:
    """The moment a Timestamp names, read as East Africa Time; None when it is malformed."""
    text = str(timestamp)
    if not isinstance(timestamp, str | int) or not re.fullmatch(r"\d{14}", text, re.ASCII):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=EAST_AFRICA).astimezone(UTC)
    except ValueError:
        return None


def say_offset(behind_s: float) -> str:
    """How a clock that is so far behind East Africa's is named."""
    hours = round(behind_s / 3600)
    if hours == 3 and abs(behind_s - 3 * 3600) <= TOLERANCE_S:
        return "UTC, three hours behind"
    side = "behind" if behind_s > 0 else "ahead"
    amount = f"{abs(behind_s) / 60:.0f} minutes" if abs(behind_s) < 7200 else f"{abs(behind_s) / 3600:.1f} hours"
    return f"{amount} {side}"
