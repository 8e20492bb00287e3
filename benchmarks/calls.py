"""How many modules of the project one check and one STK push pass, and how many calls go from one module to another.

python benchmarks/calls.py [RULE] [TARGET]     the rule is C03, and the target file that of the sample shop
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

MONITOR = "tayari_simulator.transport.monitor"
TARGET = Path(__file__).parents[1] / "examples" / "duka" / "tayari.yaml"


class CallCounter:
    """Counts calls between modules of the project, in all threads. Use as a context."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages
        self.modules: Counter[str] = Counter()
        self.calls: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> CallCounter:
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _module(self, frame: FrameType | None) -> str:
        name = str(frame.f_globals.get("__name__", "")) if frame is not None else ""
        return name if name.partition(".")[0] in self._packages and name != MONITOR else ""

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code.co_name == "<module>" or frame.f_code.co_filename == "<string>":
            return
        module = self._module(frame)
        if not module:
            return
        self.modules[module] += 1
        caller = self._module(frame.f_back)
        if caller and caller != module:
            self.calls[caller, module] += 1

    def __str__(self) -> str:
        return f"{len(self.modules)} modules, {self.calls.total()} calls from one module to another"


def calls_of_check(rule_id: str, target: Path = TARGET) -> CallCounter:
    """What one check of a good merchant passes, in the process of the suite."""
    from tayari_contracts.catalogue.rules import catalogue  # noqa: PLC0415 - the other measurement needs none of these
    from tayari_contracts.context.run_record import Allocation, RunRecord  # noqa: PLC0415
    from tayari_contracts.runner.check_run import check_of_rule, run_check  # noqa: PLC0415
    from tayari_target.target_file import load_target  # noqa: PLC0415
    from tayari_target.test_environment import TestEnvironment  # noqa: PLC0415

    planned = check_of_rule(catalogue()[rule_id])
    with TestEnvironment(load_target(target)) as environment:
        run = RunRecord(environment.target)  # one for all checks on an instance of the merchant
        packages = ("tayari_contracts", "tayari_target", "tayari_control", "tayari_money", "tayari_reports")
        with CallCounter(*packages, "tayari_formats") as counter:
            result = run_check(planned, environment, Allocation(), stop=Event(), run=run)
    print(f"{rule_id} ended as {result.check.state.value}")
    return counter


async def calls_of_push() -> CallCounter:
    """What one STK push passes in the simulator, from the request to the merchant's answer to its callback.

    The journal is in memory, no scenario applies, and the payment succeeds. A first push, of another phone, is not
    counted: it opens the connections. Nor is the monitor, which looks at the event loop by itself.
    """
    from kit.load_generator import Sink  # noqa: PLC0415 - the other measurement needs none of these
    from tayari_simulator.config import Config  # noqa: PLC0415
    from tayari_simulator.transport.simulator import Simulator  # noqa: PLC0415

    sink, simulator = Sink(), Simulator(Config(port=0, options={"outcome_after_s": "0.01"}))
    await simulator.start()
    merchant = await asyncio.get_running_loop().create_server(sink.protocol, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{merchant.sockets[0].getsockname()[1]}/pay"
    host, port = simulator.daraja_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def call(head: str, content: bytes = b"") -> bytes:
        writer.write(f"{head}Host: x\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
        length = re.search(rb"content-length: *(\d+)", await reader.readuntil(b"\r\n\r\n"), re.IGNORECASE)
        return await reader.readexactly(int(length[1]) if length else 0)

    basic = b64encode(b"key:secret").decode()
    answer = await call(
        f"GET /oauth/v1/generate?grant_type=client_credentials HTTP/1.1\r\nAuthorization: Basic {basic}\r\n"
    )
    token = json.loads(answer)["access_token"]
    push = f"POST /mpesa/stkpush/v1/processrequest HTTP/1.1\r\nAuthorization: Bearer {token}\r\n"
    push += "Content-Type: application/json\r\n"
    for number in (1, 2):
        body = json.dumps(push_body(simulator.config, url, 254_712_345_677 + number)).encode()
        with CallCounter("tayari_simulator", "tayari_formats") as counter:
            acknowledged = await call(push, body)
            while sink.calls < number:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # the answer to the callback is journalled
        assert b'"ResponseCode":"0"' in acknowledged, acknowledged
    assert [row.receipt != "" for row in simulator.daraja.state.transactions.all()] == [True, True]
    writer.close()
    await simulator.close()
    merchant.close()
    await asyncio.sleep(0.05)  # the connections end
    return counter


def push_body(config: Any, callback_url: str, payer: int) -> dict[str, Any]:
    """The body of a push for the configured short code."""
    timestamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 3 * 3600))
    password = b64encode(f"{config.short_code}{config.passkey}{timestamp}".encode()).decode()
    return {
        "BusinessShortCode": config.short_code, "Password": password, "Timestamp": timestamp,
        "TransactionType": "CustomerPayBillOnline", "Amount": 10, "PartyA": payer, "PartyB": config.short_code,
        "PhoneNumber": payer, "CallBackURL": callback_url, "AccountReference": "A1", "TransactionDesc": "x",
    }  # fmt: skip


def main() -> None:
    """Print both figures."""
    rule_id = sys.argv[1] if len(sys.argv) > 1 else "C03"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else TARGET
    print(f"check {rule_id}: {calls_of_check(rule_id, target)}")
    print(f"one STK push through the simulator: {asyncio.run(calls_of_push())}")


if __name__ == "__main__":
    main()
