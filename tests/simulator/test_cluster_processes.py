"""`--workers N` as processes: announced once, watched, started again, drained, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from http_shop import Shop, shop
from running_simulator import Running
from tayari_control.client import ControlClient

BARE = {name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")}
COMMAND = [sys.executable, "-m", "tayari_simulator", "--port", "0", "--control-port", "0"]


@dataclass
class Crew:
    """A running parent."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    shop: Shop

    @property
    def control(self) -> ControlClient:
        return ControlClient(self.ready["control_url"])

    @property
    def merchant(self) -> Running:
        """Calls as a merchant makes them, each over a connection of its own: any process may get it."""
        return Running(self.ready["control_url"], self.ready["daraja_url"], self.shop.url)

    def pay(self, count: int, *, first: int = 254_713_600_000, token: str = "") -> list[str]:
        token = token or self.merchant.token()
        return [self.merchant.pushed(str(first + number), token=token) for number in range(count)]

    def end(self) -> str:
        """SIGTERM; what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=20)[1]


@contextmanager
def started(*flags: str) -> Iterator[Crew]:
    with shop() as merchant:
        process = subprocess.Popen(
            [*COMMAND, "--workers", "2", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=BARE
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield Crew(process, json.loads(line), merchant)
        finally:
            process.kill()
            process.communicate()


def until(condition: Callable[[], bool], within_s: float = 15.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether a process has ended (one that nobody has waited for counts as ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_it_is_announced_once_pays_and_drains() -> None:
    with started("--option", "outcome_after_s=0.4") as crew:
        assert len(crew.ready["processes"]) == 2
        health = requests.get(f"{crew.ready['control_url']}/health", timeout=5).json()
        crew.pay(12)
        said = crew.end()

        assert (health["status"], health["processes"]) == ("ok", 2)
        assert crew.process.returncode == 0
        assert len(crew.shop.bodies) == 12, "what was due soon was still sent"
        assert said.count("\n") == 1
        assert all(gone(pid) for pid in crew.ready["processes"])


def test_without_a_journal_a_killed_process_is_replaced_and_the_balance_says_what_is_lost() -> None:
    with started("--option", "outcome_after_s=600") as crew:
        token = crew.merchant.token()
        crew.control.load_scenario("scenario: payment/quick\nabout: Quick.\noutcome: {result_code: 0, after_s: 0.01}\n")
        crew.pay(8, token=token)
        until(lambda: _seen_by_parent(crew, 8))
        os.kill(crew.ready["processes"][1], signal.SIGKILL)
        until(lambda: _died(crew) == 1 and _is_whole(crew))
        balance = crew.control.balance()

        assert (balance["balanced"], balance["died"], balance["accepted"]) == (False, 1, 8)
        assert balance["difference"] == 8 - balance["pending"] > 0
        crew.control.play_next("payment/quick", msisdn="254713700001")
        crew.merchant.pushed("254713700001", token=token)  # the old token, and a scenario loaded before
        assert crew.control.wait("callback_answered", msisdn="254713700001", timeout_s=5)["met"]
        said = crew.end()
        assert "process 2 of 2" in said
        assert "SIGKILL" in said
        assert "will not add up" in said


def test_with_a_journal_a_killed_process_resumes_what_it_owes(tmp_path: Path) -> None:
    with started("--option", "outcome_after_s=3", "--journal", str(tmp_path / "runs.db")) as crew:
        ids = crew.pay(8)
        for pid in crew.ready["processes"]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: _died(crew) == 2 and _is_whole(crew))
        until(lambda: len(crew.shop.bodies) == 8)
        crew.control.wait("idle", timeout_s=5)
        balance = crew.control.balance()

        assert (balance["accepted"], balance["called_back"], balance["balanced"]) == (8, 8, True)
        assert {body["Body"]["stkCallback"]["CheckoutRequestID"] for body in crew.shop.bodies} == set(ids)
        assert sorted(path.name for path in tmp_path.glob("*-of-2")) == ["runs.db-1-of-2", "runs.db-2-of-2"]


def test_what_is_pending_is_resumed_by_the_next_start_with_as_many_processes(tmp_path: Path) -> None:
    journal = ("--journal", str(tmp_path / "runs.db"), "--drain-s", "0")
    with started("--option", "outcome_after_s=1.5", *journal) as crew:
        ids = crew.pay(6)
        assert "6 payments are pending" in crew.end()
    with started("--option", "outcome_after_s=1.5", *journal) as crew:
        until(lambda: crew.control.balance()["pending"] == 0)
        balance = crew.control.balance()
        assert (balance["accepted"], balance["called_back"], balance["balanced"]) == (6, 6, True)
        assert {row["checkout_request_id"] for row in crew.control.payments()} == set(ids)
    refused = subprocess.run(
        [*COMMAND, "--workers", "3", *journal], capture_output=True, text=True, env=BARE, timeout=20, check=False
    )
    assert (refused.returncode, refused.stdout) == (20, "")
    assert "was written by 2 processes" in refused.stderr


def test_processes_do_not_outlive_their_parent() -> None:
    with started() as crew:
        crew.process.kill()
        until(lambda: all(gone(pid) for pid in crew.ready["processes"]))

        assert [pid for pid in crew.ready["processes"] if not gone(pid)] == []


@pytest.mark.parametrize(("flags", "message"), [
    (("--clock", "sundial"), "sundial"),
    (("--option", "max_amount=lots"), "max_amount"),
    (("--scenario", "nothing/here"), "nothing/here"),
    (("--journal", "/nothing/here/x.db"), "name a file in a folder that can be written"),
    (("--workers", "0"), "expected 1 to 64"),
    (("--take-seat",), "use --workers N"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(flags: tuple[str, ...], message: str) -> None:
    done = subprocess.run(
        [*COMMAND, "--workers", "2", *flags],
        capture_output=True, text=True, env=BARE, timeout=30, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (20, "")
    assert done.stderr.startswith("tayari simulate: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_of_another_program_is_not_shared() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        flags = ["--port", str(other.getsockname()[1]), "--workers", "2"]
        done = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, env=BARE, timeout=20, check=False)
        assert done.returncode == 20
        assert "is taken by another program" in done.stderr


def _seen_by_parent(crew: Crew, count: int) -> bool:
    """The parent looks once a second; what it has seen is what it can call lost."""
    time.sleep(1.1)
    return bool(crew.control.balance()["accepted"] == count)


def _metric(crew: Crew, name: str) -> int:
    text = requests.get(f"{crew.ready['control_url']}/metrics", timeout=5).text
    return int(float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1]))


def _died(crew: Crew) -> int:
    return _metric(crew, "tayari_processes_died_total")


def _is_whole(crew: Crew) -> bool:
    return bool(requests.get(f"{crew.ready['control_url']}/health", timeout=5).json().get("status") == "ok")
