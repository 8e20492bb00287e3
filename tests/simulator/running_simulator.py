"""A simulator with both ports open, and a merchant that takes its callbacks, on a loop in a thread of their own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from aiohttp import web
from tayari_control.client import ControlClient
from tayari_simulator.config import SANDBOX_PASSKEY, SANDBOX_SHORT_CODE, Config
from tayari_simulator.control.control_app import open_control_port
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.transport.simulator import Simulator

STAMP = "20261007143517"
PASSWORD = b64encode(f"{SANDBOX_SHORT_CODE}{SANDBOX_PASSKEY}{STAMP}".encode()).decode()


@dataclass
class Taken:
    """One request that the merchant got."""

    method: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Running:
    """URLs of what runs, and what the merchant was sent."""

    control_url: str
    daraja_url: str
    callback_url: str
    taken: list[Taken] = field(default_factory=list)

    @property
    def control(self) -> ControlClient:
        """A fresh client of the control API."""
        return ControlClient(self.control_url)

    def token(self) -> str:
        """A token of the Daraja port."""
        url = f"{self.daraja_url}/oauth/v1/generate?grant_type=client_credentials"
        return str(requests.get(url, auth=("key", "secret"), timeout=5).json()["access_token"])

    def push(
        self, msisdn: str, *, amount: int = 100, reference: str = "INV1", token: str = "", stream: bool = False
    ) -> requests.Response:
        """Start a payment as a merchant would. With `stream` the body of the answer is not read yet."""
        body = {
            "BusinessShortCode": SANDBOX_SHORT_CODE,
            "Password": PASSWORD,
            "Timestamp": STAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": amount,
            "PartyA": msisdn,
            "PartyB": SANDBOX_SHORT_CODE,
            "PhoneNumber": msisdn,
            "CallBackURL": self.callback_url,
            "AccountReference": reference,
            "TransactionDesc": "Shoes",
        }
        return requests.post(
            f"{self.daraja_url}/mpesa/stkpush/v1/processrequest",
            json=body,
            headers={"Authorization": f"Bearer {token or self.token()}"},
            timeout=5,
            stream=stream,
        )

    def pushed(self, msisdn: str, **how: Any) -> str:
        """The CheckoutRequestID of a payment that is accepted."""
        return str(self.push(msisdn, **how).json()["CheckoutRequestID"])


@contextmanager
def running(scenarios: Sequence[Scenario] = (), **config: Any) -> Iterator[Running]:
    """Open everything on ports that the system chooses; close it at the end."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    found: list[Running] = []
    done = asyncio.Event()

    async def serve() -> None:
        selector = Selector(
            scenarios,
            mix=config.pop("mix", None),
            seed=config.get("seed", 1),
            interactive=config.get("interactive", False),
        )
        simulator = Simulator(Config(port=0, control_port=0, **config), choose=selector)
        await simulator.start()
        port = await open_control_port(simulator, selector, host="127.0.0.1", port=0)
        taken: list[Taken] = []
        merchant = await _merchant(taken)
        found.append(Running(port.url, simulator.daraja_url, f"{_url(merchant)}/pay/callback", taken))
        ready.set()
        await done.wait()
        await port.close()
        await simulator.close()
        await merchant.cleanup()
        await asyncio.sleep(0.01)  # a connection that was closed last leaves the loop in its next turns

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(60), "the simulator did not start"
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(60)
        loop.close()


async def _merchant(taken: list[Taken]) -> web.AppRunner:
    async def take(request: web.Request) -> web.Response:
        taken.append(Taken(request.method, dict(request.headers), await request.read()))
        if request.path == "/redirect":
            raise web.HTTPFound("/elsewhere")
        return web.json_response({"ResultCode": 0, "ResultDesc": "Accepted"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


def _url(runner: web.AppRunner) -> str:
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


def becomes_silent(url: str) -> bool:
    """Whether connecting is in the end neither refused nor answered: a closed port is let go a moment later."""
    parts = urlsplit(url)
    for _ in range(500):
        try:
            socket.create_connection((parts.hostname or "", parts.port or 0), timeout=0.3).close()
        except TimeoutError:
            return True
        except OSError:
            pass
        time.sleep(0.01)
    return False
