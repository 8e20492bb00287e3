"""S02: the Timestamp is 14 digits, East Africa Time."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned
from tayari_contracts.steps.pushes import first_push

EAST_AFRICA: Final = timezone(timedelta(hours=3))
TOLERANCE_S: Final = 300.0
"""Clocks differ by minutes; Daraja apparently does not check that (reference 3.1)."""

CLOSE_S: Final = 20.0
"""A clock of this machine, in any time zone, is off a whole number of hours by less than this."""

APART_S: Final = 5.0
"""Two Timestamps of one clock are as far apart as their pushes, within this time."""


@check("S02")
def the_timestamp_is_right(context: CheckContext) -> None:
    """The Timestamp of one push is compared with the clock; if it is off by minutes, a later push is made too."""
    timestamp, behind_s = _stamped(context)
    if abs(behind_s - round(behind_s / 3600) * 3600) > CLOSE_S:
        context.time.pause(60.0 - time.time() % 60.0 + 1.0)
        later, later_behind_s = _stamped(context)
        judge_two(timestamp, later, behind_s, later_behind_s)
    if abs(behind_s) > TOLERANCE_S:
        raise Warned(f"the Timestamp {timestamp} is {say_offset(behind_s)}; expected East Africa Time (UTC+3)")


def judge_two(first: object, second: object, behind_s: float, later_behind_s: float) -> None:
    """Judge two pushes of different minutes: a wrong clock is off by the same time in both, a wrong format is not.

    `behind_s`, `later_behind_s`: seconds by which each Timestamp is late.

    Raises:
        Failed: the format is wrong.
    """
    if abs(later_behind_s - behind_s) > APART_S:
        raise Failed(
            f"the Timestamps {first} and {second} are off by {behind_s / 60:.1f} and {later_behind_s / 60:.1f} min: "
            "their format is wrong, not a clock; expected YYYYMMDDHHmmss (in strftime: %Y%m%d%H%M%S)"
        )


def _stamped(context: CheckContext) -> tuple[object, float]:
    """The Timestamp of a new push, and by how many seconds it is late.

    Raises:
        Failed: it is no Timestamp.
    """
    push = first_push(context, context.actions.pay())
    timestamp = body_of(push).get("Timestamp")
    moment = moment_of(timestamp)
    if moment is None:
        raise Failed(f"the Timestamp is {timestamp!r}; expected 14 digits, YYYYMMDDHHmmss")
    return timestamp, float(push["at"]) - moment.timestamp()


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
    """The words for a clock that is so many seconds behind East Africa Time."""
    hours = round(behind_s / 3600)
    if hours == 3 and abs(behind_s - 3 * 3600) <= TOLERANCE_S:
        return "UTC, three hours behind"
    side = "behind" if behind_s > 0 else "ahead"
    amount = f"{abs(behind_s) / 60:.0f} minutes" if abs(behind_s) < 7200 else f"{abs(behind_s) / 3600:.1f} hours"
    return f"{amount} {side}"
