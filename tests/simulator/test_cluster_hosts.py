"""Several hosts with a real Redis: here each host is a parent process on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from http_shop import Shop, shop
from running_simulator import Running
from tayari_control.client import ControlClient
from test_cluster_processes import BARE, COMMAND, until

NO_REDIS = shutil.which("redis-server") is None
pytestmark = pytest.mark.skipif(
    NO_REDIS and not os.environ.get("CI"), reason="NO REDIS: redis-server is not installed, .ci/run installs it"
)


@dataclass
class Redis:
    """A Redis of this test's own."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start_redis(tmp_path, port)
    yield server
    server.stop()


def start_redis(folder: Path, port: int) -> Redis:
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    log = folder / "redis.log"
    log.write_text("")
    process = subprocess.Popen([*command, "--logfile", str(log)])
    until(lambda: "Ready to accept connections" in log.read_text())
    return Redis(process, port, folder)


@dataclass
class Host:
    """One parent process."""

    process: subprocess.Popen[str]
    shop: Shop
    ready: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    @property
    def control(self) -> ControlClient:
        return ControlClient(self.ready["control_url"])

    @property
    def merchant(self) -> Running:
        return Running(self.ready["control_url"], self.ready["daraja_url"], self.shop.url)

    def heard(self, text: str) -> bool:
        """Whether it said this on standard error."""
        return any(text in line for line in self.said)

    def health(self) -> Any:
        return requests.get(f"{self.ready['control_url']}/health", timeout=15).json()


def begin(redis: Redis, merchant: Shop, *flags: str) -> Host:
    """Start a host; it is ready once all are there."""
    process = subprocess.Popen(
        [*COMMAND, "--redis", redis.url, "--hosts", "2", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=BARE,
    )  # fmt: skip
    host = Host(process, merchant)
    assert process.stderr is not None
    host.reader = threading.Thread(target=lambda: host.said.extend(process.stderr or []), daemon=True)
    host.reader.start()
    return host


def ready(*hosts: Host) -> None:
    for host in hosts:
        assert host.process.stdout is not None
        line = host.process.stdout.readline()
        assert line, host.said
        host.ready = json.loads(line)


@contextmanager
def two_hosts(redis: Redis, *flags: str) -> Iterator[tuple[Host, Host]]:
    with shop() as merchant:
        hosts = begin(redis, merchant, *flags), begin(redis, merchant, *flags)
        try:
            ready(*hosts)
            yield hosts
        finally:
            for host in hosts:
                end(host)


def end(host: Host, number: int = signal.SIGKILL) -> int:
    """End it; its exit status."""
    host.process.send_signal(number)
    status = host.process.wait(20)
    if host.reader is not None:
        host.reader.join(5)
    for stream in (host.process.stdout, host.process.stderr):
        if stream is not None:
            stream.close()
    return status


def test_two_hosts_are_one_daraja(redis: Redis) -> None:
    with two_hosts(redis, "--workers", "2") as (one, other):
        token = one.merchant.token()
        yaml = "scenario: payment/short\nabout: Short.\noutcome: {result_code: 1, after_s: 0.01}\n"
        one.control.load_scenario(yaml)
        other.control.play_next("payment/short", msisdn="254713500001")
        phones = [f"2547135000{number:02}" for number in range(8)]
        ids = [(one, other)[number % 2].merchant.pushed(phone, token=token) for number, phone in enumerate(phones)]
        assert other.control.wait("callback_answered", count=8, timeout_s=10)["met"]
        balances = [host.control.balance() for host in (one, other)]
        journal = one.control.journal()

        assert balances[0] == balances[1]
        assert (balances[0]["accepted"], balances[0]["balanced"], balances[0]["processes"]) == (8, True, 4)
        assert len({entry["seq"] % 64 for entry in journal["entries"] if entry["endpoint"] == "stk_push"}) == 4
        assert [row["result_code"] for row in one.control.payments(msisdn="254713500001")] == [1]
        for host in (one, other):
            assert {row["checkout_request_id"] for row in host.control.payments()} == set(ids)
        assert other.control.revoke_tokens() == 1
        assert one.merchant.push("254713500099", token=token).json()["errorCode"] == "404.001.03"


def test_a_host_that_goes_is_noticed_and_the_next_one_takes_its_place(redis: Redis, tmp_path: Path) -> None:
    first, second = (("--journal", str(tmp_path / f"{name}.db")) for name in ("first", "second"))
    slow = ("--option", "outcome_after_s=4")
    with shop() as merchant:
        one = begin(redis, merchant, *slow, *first)
        until(lambda: one.heard("waits for the others"))
        other = begin(redis, merchant, *slow, *second)
        hosts = [one, other]
        try:
            ready(one, other)
            yaml = "scenario: payment/short\nabout: Short.\noutcome: {result_code: 1, after_s: 0.01}\n"
            one.control.load_scenario(yaml)
            ids = [one.merchant.pushed(f"2547135000{number:02}") for number in range(6)]
            end(other)
            for pid in other.ready["processes"]:
                until(lambda pid=pid: not Path(f"/proc/{pid}").exists() or _zombie(pid))  # type: ignore[misc]
            until(lambda: one.heard("host 2 of 2 is gone"))
            assert one.health()["status"] == "degraded"
            assert not one.control.balance()["balanced"]
            statuses = {one.merchant.push(f"2547135001{number:02}").status_code for number in range(4)}
            assert statuses == {200, 503}

            again = begin(redis, merchant, *slow, *second)
            hosts.append(again)
            ready(again)
            until(lambda: one.heard("host 2 of 2 is there") and one.health()["status"] == "ok")
            assert [row["name"] for row in again.control.scenarios()] == ["payment/short"]
            until(lambda: len({_id(body) for body in merchant.bodies} & set(ids)) == 6)
            until(lambda: again.control.balance()["balanced"])
        finally:
            for host in hosts:
                end(host)


def test_a_host_that_took_its_payments_along_leaves_a_balance_that_says_so(redis: Redis) -> None:
    with shop() as merchant:
        hosts = [begin(redis, merchant), begin(redis, merchant)]
        try:
            ready(*hosts)
            for number in range(6):
                hosts[0].merchant.pushed(f"2547135000{number:02}")
            hosts[0].control.wait("idle", timeout_s=5)
            time.sleep(2.2)  # what is lost is known as of the last look, once a second, and the beat after it
            end(hosts[1])
            until(lambda: hosts[0].heard("is gone"))
            hosts.append(begin(redis, merchant))
            ready(hosts[2])
            until(lambda: hosts[0].health()["status"] == "ok")
            balance = hosts[0].control.balance()
            assert (balance["died"], balance["accepted"], balance["balanced"]) == (1, 6, False)
        finally:
            for host in hosts:
                end(host)


def test_payments_go_on_while_redis_is_away(redis: Redis, tmp_path: Path) -> None:
    with two_hosts(redis) as (one, other):
        redis.stop()
        until(lambda: one.heard("cannot be reached") and other.heard("cannot be reached"))
        token = one.merchant.token()
        for number in range(4):
            other.merchant.pushed(f"2547135000{number:02}", token=token)
        assert one.control.wait("callback_answered", count=4, timeout_s=10)["met"]
        text = requests.get(f"{one.ready['control_url']}/metrics", timeout=5).text
        assert "tayari_redis_connected 0" in text
        back = start_redis(tmp_path, redis.port)
        try:
            until(lambda: one.heard("Redis is back") and other.heard("Redis is back"))
            until(lambda: one.health()["status"] == "ok")
        finally:
            end(one)
            end(other)
            back.stop()


@pytest.mark.parametrize(("flags", "message"), [
    (("--redis", "redis://127.0.0.1:1/0"), "Redis at redis://127.0.0.1:1/0 cannot be reached"),
    (("--redis", "redis://:hidden@127.0.0.1:1/0"), "Redis at redis://127.0.0.1:1/0 cannot be reached"),
    (("--redis", "nonsense"), "expected such as redis://127.0.0.1:6379/0"),
    (("--redis", "redis://127.0.0.1:1/0", "--clock", "manual"), "the clocks of several hosts are real"),
    (("--hosts", "2", "--workers", "2"), "--hosts needs --redis"),
    (("--redis", "redis://127.0.0.1:1/0", "--hosts", "40", "--workers", "2"), "more than 64 processes"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(flags: tuple[str, ...], message: str) -> None:
    done = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, env=BARE, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (20, "")
    assert message in done.stderr
    assert "hidden" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_host_with_other_options_or_without_a_place_is_refused(redis: Redis) -> None:
    with two_hosts(redis):
        for flags, message in (((), "places are taken"), (("--short-code", "600999"), "the same options")):
            done = subprocess.run(
                [*COMMAND, "--redis", redis.url, "--hosts", "2", *flags],
                capture_output=True, text=True, env=BARE, timeout=30, check=False,
            )  # fmt: skip
            assert done.returncode == 20
            assert message in done.stderr


def test_without_the_extra_it_is_named() -> None:
    code = "import sys; sys.modules['redis'] = None; sys.modules['redis.asyncio'] = None\n"
    code += "from tayari_simulator.server.serve import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--redis", "redis://127.0.0.1:1/0"],
        capture_output=True, text=True, env=BARE, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 20
    assert "pip install 'tayari[redis]'" in done.stderr


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _id(body: Any) -> str:
    return str(body["Body"]["stkCallback"]["CheckoutRequestID"])
