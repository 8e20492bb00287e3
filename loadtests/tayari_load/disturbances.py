"""What a shape does to Daraja while the load runs, each kind of trouble by the control API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import gevent
from tayari_control.client import ControlClient, ControlError

from tayari_load.shapes import Shape, Trouble

_log = logging.getLogger("tayari.load")
_PERIOD_S: Final = 1.0
_SLOW: Final = """\
scenario: load/slow
about: Daraja is browned out, and its acknowledgement takes two seconds.
when: {endpoint: stk_push}
outcome: {result_code: 0, after_s: 2.5}
faults: [{ack_late: {by_s: 2}}]
"""
_BUSY: Final = """\
scenario: load/busy
about: Daraja is browned out, and refuses a push as it is busy.
when: {endpoint: stk_push}
outcome: {result_code: 0, after_s: 0.5}
faults: [{api_error: {error: 500.003.02.system_busy}}]
"""
_HELD: Final = """\
scenario: load/held
about: The money has moved, and the callback is held until the cut-over is over.
when: {{endpoint: stk_push}}
outcome: {{result_code: 0, after_s: 0.5}}
faults: [{{delay: {{by_s: {by_s:.2f}}}}}]
"""


def outage(control: ControlClient, lasts_s: float) -> None:
    """Refuse connections; the simulator opens its port again by itself."""
    control.refuse_connections(for_s=lasts_s)
    gevent.sleep(lasts_s)


def brown_out(control: ControlClient, lasts_s: float) -> None:
    """Slow for two thirds of every period and a half, busy for one third."""
    control.load_scenario(_SLOW)
    control.load_scenario(_BUSY)
    left_s = lasts_s
    try:
        while left_s > 0:
            for name, share in (("load/slow", 2 / 3), ("load/busy", 1 / 3)):
                control.activate(name)
                part_s = min(max(left_s, 0.0), _PERIOD_S * 1.5 * share)
                gevent.sleep(part_s)
                left_s -= part_s
    finally:
        control.activate(None)


def held_callbacks(control: ControlClient, lasts_s: float) -> None:
    """The callbacks of all payments come at the end of the window: each is delayed by what is left of it."""
    left_s = lasts_s
    try:
        while left_s > 0:
            control.load_scenario(_HELD.format(by_s=left_s))
            control.activate("load/held")
            gevent.sleep(min(_PERIOD_S / 2, left_s))
            left_s -= _PERIOD_S / 2
    finally:
        control.activate(None)


TROUBLES: Final[Mapping[Trouble, Callable[[ControlClient, float], None]]] = MappingProxyType({
    Trouble.OUTAGE: outage,
    Trouble.BROWN_OUT: brown_out,
    Trouble.HELD_CALLBACKS: held_callbacks,
})  # fmt: skip


def disturb(
    control: ControlClient, shape: Shape, duration_s: float, failed: Callable[[str], None] | None = None
) -> None:
    """Play the shape's troubles at their times; runs in a greenlet of its own, from the run's start.

    `failed` is called with a sentence when the simulator does not do it: without its trouble the run proves less.
    """
    now_s = 0.0
    for trouble in shape.troubles:
        begin, end = trouble.window(duration_s)
        gevent.sleep(max(0.0, begin - now_s))
        _log.info("%s: from now, for %.0f s", trouble.trouble, end - begin)
        try:
            TROUBLES[trouble.trouble](control, end - begin)
        except ControlError as error:
            _log.error("%s could not be played: %s", trouble.trouble, error)
            if failed is not None:
                failed(f"the {trouble.trouble} of the shape could not be played: {error}")
        now_s = end
