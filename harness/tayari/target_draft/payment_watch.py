"""One payment by hand, watched: a simulator for the merchant, and a recording proxy for the browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_control.client import ControlClient, ControlError
from tayari_control.simulator_process import (
    CallbackRoute,
    DarajaAccount,
    SimulatorOptions,
    SimulatorProcess,
    start_simulator,
)
from tayari_formats.json_text import read_object
from tayari_target.target_file.target_reader import build_daraja

from tayari.target_draft.recording_proxy import CALLBACK_PATH, ProxyExchange, RecordingProxy
from tayari.target_draft.traffic_draft import Push

_LOOK_S: Final = 0.2
QUIET_S: Final = 3.0
"""The payment has ended, and its page has made no request for this time: everything was seen."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Watched:
    """What has been seen so far."""

    seen: list[ProxyExchange] = field(default_factory=list)
    push: Push | None = None
    last_s: float = 0.0
    """When something was seen last, by the clock that does not jump."""

    @property
    def has_result(self) -> bool:
        """Whether the merchant has got the payment's result."""
        return any(each.is_callback for each in self.seen)


class PaymentWatch:
    """A context manager: within it the merchant can be used. `follow` returns when one payment has ended."""

    def __init__(self, merchant_url: str, show: Tell, *, port: int, quiet_s: float = QUIET_S) -> None:
        self.watched = Watched()
        self._show = show
        self._port = port
        self._quiet_s = quiet_s
        self.url = ""
        """What the browser opens."""
        self.daraja_url = ""
        self._lock = threading.Lock()
        self._proxy = RecordingProxy(merchant_url, self._callback_url, self._note)
        self._simulator: SimulatorProcess
        self._control: ControlClient

    def __enter__(self) -> PaymentWatch:
        account: DarajaAccount = build_daraja({})
        options = SimulatorOptions(
            port=self._port,
            account=account,
            callbacks=CallbackRoute(deliver_to=self._proxy.url + CALLBACK_PATH),
            extra=("--tls", "--tls-port", "0", "--proxy-port", "0", "--proxy-others", "pass"),
        )
        self._simulator = start_simulator(options)
        self._control = ControlClient(self._simulator.control_url, token=self._simulator.control_token)
        self.daraja_url, self.url = self._simulator.daraja_url, self._proxy.url
        self._proxy.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._proxy.__exit__(None, None, None)
        self._control.close()
        self._simulator.stop()

    def invite(self) -> None:
        """Say what to do."""
        ready = self._simulator.ready
        self._show(f"Daraja is played at {ready['daraja_url']}: start your merchant with this as its Daraja base URL,")
        self._show(f"short code {ready['short_code']} and the sandbox's public passkey; any consumer key will do.")
        self._show("Or, if Safaricom's host is in its code, start it with")
        self._show(
            f"  HTTPS_PROXY={ready['proxy_url']} and the certificate {ready['ca_file']} (tayari docs interception)"
        )
        self._show(f"Then open {self.url} in a browser and pay once, with the number 0712345678.")
        self._show("Leave the page open until it shows the result. Ctrl-C ends this early.")

    def follow(self) -> Watched:
        """Wait until one payment has ended and its page is quiet."""
        since = 0
        while True:
            page = self._control.journal(since=since, kind="request")
            since = int(page["next"])
            for entry in page["entries"]:
                self._take(entry)
            watched = self.watched
            if watched.push is not None and watched.has_result and time.monotonic() - watched.last_s > self._quiet_s:
                return watched
            time.sleep(_LOOK_S)

    def _take(self, entry: dict[str, Any]) -> None:
        if entry.get("endpoint") != "stk_push" or self.watched.push is not None:
            return
        if entry.get("checkout_request_id"):
            self.watched.push = Push.of(entry)
            self.watched.last_s = time.monotonic()
            self._show(f"seen: your merchant sent an STK push; callbacks go to {self.watched.push.callback_url}")
            return
        answer = read_object((entry.get("response") or {}).get("body"))
        self._show(
            f"seen: a push that Daraja refused: {answer.get('errorMessage') or 'no reason'}; fix it and pay again"
        )

    def _note(self, seen: ProxyExchange) -> None:
        """One exchange of the proxy, in its thread."""
        with self._lock:
            self.watched.seen.append(seen)
            self.watched.last_s = time.monotonic()
            what = "the callback" if seen.is_callback else f"{seen.method} {seen.path}"
            self._show(f"seen: {what} was answered {seen.status}")

    def _callback_url(self, checkout_request_id: str) -> str:
        """The CallBackURL of a push."""
        try:
            found = self._control.journal(kind="request", endpoint="stk_push", checkout_request_id=checkout_request_id)
        except ControlError:
            return ""
        return next((Push.of(entry).callback_url for entry in found["entries"]), "")
