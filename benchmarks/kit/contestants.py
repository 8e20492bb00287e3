"""The processes that are compared: started on one core, asked for their counters, watched for their CPU time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

HERE: Final = Path(__file__).parents[1]
TICKS: Final = os.sysconf("SC_CLK_TCK")
OUTCOME_AFTER_S: Final = "0.2"
STAMP: Final = "20261007143501"


@dataclass(frozen=True, slots=True)
class Counters:
    """What a server says of itself, since it was started."""

    accepted: int
    answered: int
    failed: int


class Contestant(Protocol):
    """One server under load."""

    name: str
    host: str
    port: int
    keeps_connections: bool
    """False: its server closes a connection after each answer."""

    def push(self, sink_url: str) -> Callable[[int], bytes]:
        """How the bytes of the n-th push are made."""

    def counters(self) -> Counters:
        """Its own accounts."""

    def cpu_s(self) -> float:
        """CPU seconds of its process so far, threads included."""

    def stop(self) -> None:
        """End the process."""


class _Server:
    keeps_connections = True

    def __init__(self, name: str, command: list[str], core: int, **environ: str) -> None:
        self.name = name
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TAYARI_")} | environ
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        os.sched_setaffinity(self._process.pid, {core})
        assert self._process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self._process.stdout.readline())

    @property
    def pid(self) -> int:
        return self._process.pid

    def address(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0

    def cpu_s(self) -> float:
        """By the scheduler's nanoseconds: the ticks of `stat` are a hundredth of a second, 3 % of a short round."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def waited_s(self) -> float:
        """Seconds in which its main thread was ready to run and had no core, so far."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[1]) / 1e9

    def kill(self) -> None:
        """End it without waiting for what is still to come."""
        self.end(signal.SIGKILL)
        self.stop()

    def end(self, how: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(how)

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._process.wait(30)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Fake(_Server):
    """A server that acknowledges and calls back, and does nothing else."""

    def __init__(self, core: int, name: str, command: list[str], *, keeps_connections: bool = True,
                 **environ: str) -> None:  # fmt: skip
        super().__init__(name, command, core, **environ)
        self.keeps_connections = keeps_connections
        self.url: str = self.ready["url"]
        self.address(self.url)

    def push(self, sink_url: str) -> Callable[[int], bytes]:
        path = "/mpesa/stkpush/v1/processrequest"
        return push_maker(path, self.port, "none", sink_url, password=_password("0" * 64))

    def counters(self) -> Counters:
        return Counters(**json.loads(_get(f"{self.url}/stats")))

    def cpu_s(self) -> float:
        """By the ticks of `stat`: they count threads that have ended too, and a fake may start one for each payment."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class FloorA(Fake):
    """The bare aiohttp server."""

    def __init__(self, core: int, name: str = "floor A") -> None:
        super().__init__(core, name, [sys.executable, str(HERE / "fakes" / "floor_a.py")])

    def cpu_s(self) -> float:
        """As of the simulator, which it is compared with: by nanoseconds. It starts no threads."""
        return _Server.cpu_s(self)


class Product(_Server):
    """The simulator with all its duties."""

    def __init__(self, core: int, name: str = "product", *flags: str, python: str = sys.executable,
                 packages: str = "") -> None:  # fmt: skip
        """`python`: of another build's environment, to compare with it; `packages`: a folder with another build."""
        command = [python, "-m", "tayari_simulator", "--port", "0", "--control-port", "0"]
        command += ["--option", f"outcome_after_s={OUTCOME_AFTER_S}", *flags]
        super().__init__(name, command, core, **({"PYTHONPATH": packages} if packages else {}))
        self.address(self.ready["daraja_url"])
        self.control_url: str = self.ready["control_url"]

    def token(self) -> str:
        """An access token."""
        basic = b64encode(f"{self.ready['consumer_key']}:{self.ready['consumer_secret']}".encode()).decode()
        url = f"{self.ready['daraja_url']}/oauth/v1/generate?grant_type=client_credentials"
        return str(json.loads(_get(url, {"Authorization": f"Basic {basic}"}))["access_token"])

    def push(self, sink_url: str) -> Callable[[int], bytes]:
        password = _password(self.ready["passkey"])
        return push_maker("/mpesa/stkpush/v1/processrequest", self.port, self.token(), sink_url, password=password)

    def certificate(self) -> bytes:
        """What a SecurityCredential is made with, as PEM."""
        return _get(self.ready["certificate_url"])

    def send(self, path: str, body: dict[str, Any]) -> None:
        """One call of Daraja that must succeed."""
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        _get(f"{self.ready['daraja_url']}{path}", headers, json.dumps(body).encode())

    def metrics(self) -> dict[str, float]:
        lines = _get(f"{self.control_url}/metrics").decode().splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines if line[0] != "#")}

    def counters(self) -> Counters:
        found = self.metrics()
        kinds = [int(number) for name, number in found.items() if name.startswith("tayari_transactions_accepted_total")]
        return Counters(
            accepted=sum(kinds) if kinds else int(found["tayari_pushes_accepted_total"]),  # of an older build
            answered=int(found["tayari_callbacks_answered_total"]),
            failed=int(found["tayari_callbacks_failed_total"] + found["tayari_callbacks_refused_total"]),
        )

    def balance(self) -> dict[str, Any]:
        """Whether its counts add up."""
        found: dict[str, Any] = json.loads(_get(f"{self.control_url}/v1/balance"))
        return found

    def health(self) -> dict[str, Any]:
        """What it says of itself."""
        found: dict[str, Any] = json.loads(_get(f"{self.control_url}/health"))
        return found

    def lateness_s(self, to: str = "") -> list[float]:
        """How late each remembered callback was written, against its plan: all, or those to one URL."""
        payments = json.loads(_get(f"{self.control_url}/v1/payments"))["payments"]
        calls = [call for row in payments for call in row["callbacks"] if not to or row["callback_url"] == to]
        return sorted(call["sent_at"] - call["due_at"] for call in calls if call["sent_at"])

    def reset(self) -> None:
        _get(f"{self.control_url}/v1/reset", {"Content-Type": "application/json"}, b"{}")


def _password(passkey: str) -> str:
    return b64encode(f"174379{passkey}{STAMP}".encode()).decode()


def push_maker(path: str, port: int, token: str, sink_url: str, *, password: str) -> Callable[[int], bytes]:
    """How the bytes of the n-th push are made, each from an MSISDN of its own."""
    body = json.dumps({
        "BusinessShortCode": 174379, "Password": password, "Timestamp": STAMP,
        "TransactionType": "CustomerPayBillOnline", "Amount": 10, "PartyA": 777, "PartyB": 174379, "PhoneNumber": 777,
        "CallBackURL": sink_url, "AccountReference": "INV-00421", "TransactionDesc": "Order 421",
    }, separators=(",", ":")).replace("777", "%d")  # fmt: skip
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nAccept: */*\r\nContent-Length: {len(body) - 4 + 24}\r\n\r\n"
    )
    template = (head + body).encode()
    first = 254_700_000_000 + int(time.time() * 1000) % 1_000_000

    def make(number: int) -> bytes:
        msisdn = first + number
        return template % (msisdn, msisdn)

    return make


def _get(url: str, headers: dict[str, str] | None = None, data: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
        return body
