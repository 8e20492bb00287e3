"""What holds for all tests."""

import signal
import threading


def pytest_configure() -> None:
    """Take Ctrl-C again where whoever started the tests had it ignored (a background job of a shell): what the tests
    start inherits that, and could not be interrupted any more.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
