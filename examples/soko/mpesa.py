"""Soko's calls of Daraja, with one token for all of them."""

from __future__ import annotations

import base64
import os
import time
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import requests

CALL_S = 10.0
TOKEN_REFUSED = ("404.001.03", "401.002.01", "401.003.01", "400.003.01")


class Mpesa:
    """Calls of Daraja, with one token for all."""

    def __init__(self) -> None:
        self.url = os.environ["MPESA_URL"].rstrip("/")
        self.code, self.passkey = os.environ["MPESA_SHORT_CODE"], os.environ["MPESA_PASSKEY"]
        self._pair = (os.environ["MPESA_KEY"], os.environ["MPESA_SECRET"])
        self._token, self._until, self._lock = "", 0.0, Lock()

    def token(self, refused: str = "") -> str:
        """A token that lives; a refused one is thrown away. Raises ValueError or RequestException."""
        with self._lock:
            if not self._token or self._token == refused or time.monotonic() > self._until:
                asked = time.monotonic()
                where = f"{self.url}/oauth/v1/generate?grant_type=client_credentials"
                answer = requests.get(where, auth=self._pair, timeout=CALL_S, allow_redirects=False)
                body = answer.json()
                life = float(body["expires_in"]) if answer.ok else 0.0
                self._token, self._until = str(body["access_token"]), asked + life * 0.8
            return self._token

    def call(self, path: str, fields: dict[str, object]) -> tuple[int, dict[str, Any]]:
        """Post, with one more try when the token is refused. Raises Unsent, or RequestException (nobody knows)."""
        token, status = "", 0
        body: dict[str, Any] = {}
        for _ in range(2):
            try:
                token = self.token(token)
            except (ValueError, KeyError, TypeError, requests.RequestException) as error:
                raise Unsent(f"no token: {error}") from error
            status, body = self._post(path, token, fields)
            fault = str(body.get("fault", ""))
            if body.get("errorCode") not in TOKEN_REFUSED and "access" not in fault.lower():
                break
        return status, body

    def _post(self, path: str, token: str, fields: dict[str, object]) -> tuple[int, dict[str, Any]]:
        stamp = f"{datetime.now(UTC) + timedelta(hours=3):%Y%m%d%H%M%S}"
        password = base64.b64encode(f"{self.code}{self.passkey}{stamp}".encode()).decode()
        whole = {"BusinessShortCode": self.code, "Password": password, "Timestamp": stamp, **fields}
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = requests.post(
                self.url + path, json=whole, headers=headers, timeout=(3, CALL_S), allow_redirects=False
            )
        except (requests.ConnectTimeout, requests.exceptions.ConnectionError) as error:
            if "refused" in str(error) or isinstance(error, requests.ConnectTimeout):
                raise Unsent(str(error)) from error
            raise
        try:
            body = answer.json()
        except ValueError as error:
            if answer.ok:  # accepted or not: nobody knows
                raise requests.RequestException(f"unreadable answer: {error}") from error
            body = {}
        return answer.status_code, body if isinstance(body, dict) else {}


class Unsent(Exception):
    """The request never left."""
