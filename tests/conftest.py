"""What holds for all tests."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are made says something of the machine, and nothing of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Take Ctrl-C again where whoever started the tests had it ignored (a background job of a shell): what the tests
    start inherits that, and could not be interrupted any more.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "TAYARI_STATE" not in os.environ:  # the keys of a developer's own simulators are not for tests
        os.environ["TAYARI_STATE"] = folder = tempfile.mkdtemp(prefix="tayari-tests-state-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


LONGEST = (
    "test_mutants_callbacks", "test_mutants_other_apis", "test_mutants_queries", "test_mutants_requests",
    "test_good_merchants", "test_report_access", "test_load_shapes_played", "test_slow_merchant", "test_load_run",
    "test_secrets_stay", "test_exit_codes", "test_mutants", "test_scenario_kinds", "test_load_session",
    "test_second_merchant", "test_verdict_properties", "test_real_clients", "test_wheel", "test_doctor", "test_readme",
    "test_kiosk", "test_load_deploy", "test_load_page", "test_report_in_browser", "test_console_in_browser",
)  # fmt: skip
"""Files by the time they take. Which come first does not change what is tested, only how long it takes."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Python looks for garbage again and again while thousands of tests are made, all of which stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then those with slow tests: with several workers, none is left for the end, when the
    others idle.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (rank.get(item.path.stem, len(rank)), item.path not in slow))


@pytest.fixture(scope="module")
def forked_programs() -> Iterator[None]:
    """The simulators and sample merchants that this file starts are forked: it starts many of them."""
    from forked_programs import started_by_fork

    with started_by_fork():
        yield
