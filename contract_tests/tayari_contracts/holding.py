"""Callbacks that wait until the merchant has answered its customer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tayari_control.client import ControlClient

HELD_S: Final = 12.0
"""So long a callback waits at most for the merchant to answer the start of its payment. One that answers only when it
knows the end, as some do, gets its callback then."""


@contextmanager
def callbacks_held(control: ControlClient, msisdn: str, *, free: bool, longer_s: float = 0.0) -> Iterator[None]:
    """While the block runs, callbacks of this MSISDN's payments are held; `free`: they are not.

    `longer_s`: after the block they are held for so many seconds more, whatever `free` says.
    """
    if not free or longer_s:
        control.hold(msisdn, for_s=HELD_S + longer_s)
    try:
        yield
    finally:
        if not free or longer_s:
            control.hold(msisdn, for_s=longer_s)
