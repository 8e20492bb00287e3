"""Work beside the caller, in a thread of its own: one payment while another is open, one look while another waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def in_background(act: Callable[[], T]) -> Future[T]:
    """Run `act` in a thread of its own. What it raises is raised where the future is read.

    The thread is a daemon, as no thread of a pool is: a program that is interrupted ends without it.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(act())
        except BaseException as error:  # noqa: BLE001 - the reader of the future gets it, and would wait for ever
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future
