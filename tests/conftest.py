"""What holds for all tests."""

import signal
import threading

import pytest


def pytest_configure() -> None:
    """Take Ctrl-C again where whoever started the tests had it ignored (a background job of a shell): what the tests
    start inherits that, and could not be interrupted any more.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: with several workers, none of them is left for the end, when the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
