"""One request to the merchant: placeholders filled, log-in done, the exchange recorded, nothing raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import requests
from tayari_control.http_session import AnswerBeyondLimit, AnswerLimit, HostRefused, MerchantSession, hosts_of
from tayari_reports.model import Exchange

from tayari_target.answers import MerchantAnswer, as_text, find
from tayari_target.target_file.placeholders import PlaceholderError, fill_call
from tayari_target.target_file.target_model import NOTHING, CallTemplate, Merchant

Record = Callable[[Exchange], None]
"""Takes each exchange with the merchant as it was on the wire: it is to be redacted before it is shown."""


class Sender:
    """Sends calls of the target file. Thread-safe; the log-in steps run once, and again after a 401."""

    def __init__(
        self, merchant: Merchant, values: Mapping[str, str], *, session: MerchantSession | None, record: Record | None
    ) -> None:
        self._merchant = merchant
        self._values: dict[str, str] = dict(values)
        self._session = session or MerchantSession()
        self._session.limit = AnswerLimit(bytes=merchant.max_answer_bytes)
        self._session.hosts = hosts_of((merchant.base_url,))
        self._owned = session is None
        self._record = record
        self._lock = threading.Lock()
        self._logged_in = not merchant.login

    @property
    def values(self) -> Mapping[str, str]:
        """The placeholders of this run, with what the log-in steps saved."""
        return self._values

    def close(self) -> None:
        """Give the connections back, unless the session came from outside."""
        if self._owned:
            self._session.close()

    def send(
        self,
        title: str,
        call: CallTemplate,
        values: Mapping[str, object],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> MerchantAnswer:
        """Send one call, logging in first where the target file has steps for it."""
        failed = self.log_in()
        if failed:
            return MerchantAnswer(error=failed)
        answer = self._send(title, call, values, headers or {}, timeout_s)
        if answer.status == 401 and self._merchant.login:
            self._logged_in = False
            failed = self.log_in()
            return MerchantAnswer(error=failed) if failed else self._send(title, call, values, headers or {}, timeout_s)
        return answer

    def log_in(self) -> str:
        """Run the log-in steps unless they have been; the reason when one fails, else an empty text."""
        if self._logged_in:
            return ""
        with self._lock:
            if self._logged_in:
                return ""
            for number, step in enumerate(self._merchant.login, 1):
                failed = self._step(number, step)
                if failed:
                    return failed
            self._logged_in = True
        return ""

    def _step(self, number: int, step: CallTemplate) -> str:
        answer = self._send("log in", step, {}, {}, None, with_merchant_headers=False)
        where = f"log-in step {number} ({step.method} {step.path})"
        if answer.error:
            return f"{where} failed: {answer.error}"
        if answer.status is None or answer.status >= 400:
            return f"{where} answered {answer.status}; expected below 400; check merchant.login"
        for name, written in step.save.items():
            found = as_text(find(written, answer))
            if not found:
                return f"{where}: save.{name} ({written}) found nothing in the answer; correct it"
            self._values[name] = found
        return ""

    def _send(
        self,
        title: str,
        call: CallTemplate,
        values: Mapping[str, object],
        headers: Mapping[str, str],
        timeout_s: float | None,
        *,
        with_merchant_headers: bool = True,
    ) -> MerchantAnswer:
        try:
            filled = fill_call(
                call, {**self._values, **values}, base_url=self._merchant.base_url, as_they_are=headers,
                headers=self._merchant.headers if with_merchant_headers else NOTHING,
            )  # fmt: skip
        except PlaceholderError as error:
            return MerchantAnswer(error=str(error))
        at, began = time.time(), time.monotonic()
        response, error_text = self._request(filled, timeout_s or self._merchant.timeout_s)
        duration_s = time.monotonic() - began
        answer = _answer(response, error_text, duration_s)
        if self._record is not None:
            self._record(_exchange(title, filled, response, answer, at))
        return answer

    def _request(self, filled: CallTemplate, timeout_s: float) -> tuple[requests.Response | None, str]:
        try:
            response = self._session.request(
                filled.method,
                filled.path,
                headers=dict(filled.headers),
                json=filled.json,
                data=dict(filled.form) if filled.form is not None else None,
                timeout=timeout_s,
            )
        except AnswerBeyondLimit as error:
            return error.response, str(error)
        except requests.Timeout:
            return None, f"no answer within {timeout_s:g} s"
        except requests.ConnectionError as error:
            return None, connection_error(error)
        except HostRefused as error:
            return None, str(error)
        except (requests.RequestException, ValueError) as error:
            return None, f"{type(error).__name__}: {error}"
        if not response.status_code:  # Locust's session gives status 0 instead of raising
            return None, f"no answer: {getattr(response, 'error', None) or 'connection failed'}"
        return response, ""


def connection_error(error: BaseException) -> str:
    """The innermost reason of a failed connection: `connection refused`, not three class names around it."""
    text = str(error)
    if "refused" in text:
        return "connection refused"
    if "reset" in text or "aborted" in text or "without response" in text:
        return "connection closed without an answer"
    if "timed out" in text:
        return "the answer stopped half-way"
    if "resolve" in text or "Name or service" in text:
        return "host name does not resolve"
    return text


def _answer(response: requests.Response | None, error: str, duration_s: float) -> MerchantAnswer:
    if response is None:
        return MerchantAnswer(error=error, duration_s=duration_s)
    if error:
        return MerchantAnswer(error=error, duration_s=duration_s, body=response.text, url=str(response.url))
    hops = (response, *reversed(response.history))
    headers = tuple((name, value) for hop in hops for name, value in hop.headers.items())
    return MerchantAnswer(
        body=response.text,
        status=response.status_code,
        headers=headers,
        url=str(response.url),
        duration_s=duration_s,
    )


def _exchange(
    title: str, filled: CallTemplate, response: requests.Response | None, answer: MerchantAnswer, at: float
) -> Exchange:
    sent = response.history[0].request if response is not None and response.history else None
    request = sent or (response.request if response is not None else None)
    headers = request.headers.items() if request is not None else filled.headers.items()
    body = request.body if request is not None else None
    if body is None and answer.error:
        body = str(filled.json if filled.json is not None else filled.form or "")
    return Exchange(
        kind="to_merchant",
        title=title,
        method=filled.method,
        url=filled.path,
        request_headers=tuple((str(name), str(value)) for name, value in headers),
        request_body=body.decode("utf-8", errors="replace") if isinstance(body, bytes) else str(body or ""),
        status=response.status_code if response is not None else None,
        response_headers=() if response is None else tuple(response.headers.items()),
        response_body=answer.body,
        at=at,
        duration_s=answer.duration_s,
        error=answer.error,
    )
