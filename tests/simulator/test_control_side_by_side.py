"""Tests that run at the same time on one server do not see each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from running_simulator import Running, running
from shipped_scenarios import SHIPPED
from tayari_control.client import ControlClient

CLIENTS = 24
PLAYED = ["payment/success", "payment/insufficient-funds", "callbacks/duplicate", "service/system-busy"]
EXPECTED = {
    "payment/success": ("paid", 1, 1),
    "payment/insufficient-funds": ("failed", 1, 1),
    "callbacks/duplicate": ("paid", 2, 1),
    "service/system-busy": ("paid", 1, 3),
}
"""State, callbacks and pushes of each."""


def one_test(server: Running, number: int, token: str) -> tuple[str, tuple[str, int, int]]:
    """Queue, push until accepted, wait, read: what a test does, on an MSISDN of its own."""
    control, msisdn, name = ControlClient(server.control_url), f"2547140000{number:02}", PLAYED[number % len(PLAYED)]
    control.play_next(name, msisdn=msisdn)
    while (answer := server.push(msisdn, token=token)).status_code != 200:
        pass
    control.wait("callback_answered", timeout_s=10, msisdn=msisdn, count=EXPECTED[name][1])
    control.wait("idle", timeout_s=10, msisdn=msisdn)
    (payment,) = control.payments(msisdn=msisdn)
    entries: list[dict[str, Any]] = control.journal(msisdn=msisdn)["entries"]
    assert payment["checkout_request_id"] == answer.json()["CheckoutRequestID"]
    assert {entry["msisdn"] for entry in entries} == {msisdn}
    kinds = [entry["kind"] for entry in entries]
    return name, (payment["state"], kinds.count("callback"), kinds.count("request"))


def test_each_of_many_tests_sees_its_own_payment_only() -> None:
    with running(SHIPPED) as server, ThreadPoolExecutor(CLIENTS) as pool:
        token = server.token()
        seen = list(pool.map(lambda number: one_test(server, number, token), range(CLIENTS)))

    assert seen == [(name, EXPECTED[name]) for name, _ in seen]


def test_many_waits_at_once_are_each_met_by_their_own_event() -> None:
    with running(SHIPPED) as server, ThreadPoolExecutor(CLIENTS) as pool:
        token = server.token()
        numbers = [f"2547150000{number:02}" for number in range(CLIENTS)]
        waits = [
            pool.submit(ControlClient(server.control_url).wait, "push_seen", timeout_s=20, msisdn=msisdn)
            for msisdn in numbers
        ]
        for msisdn in numbers:
            server.push(msisdn, token=token)
        met = [wait.result() for wait in waits]

    assert all(answer["met"] for answer in met)
    assert [[entry["msisdn"] for entry in answer["entries"]] for answer in met] == [[msisdn] for msisdn in numbers]
