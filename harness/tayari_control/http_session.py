"""The HTTP clients for the merchant, and for a Daraja to compare with; `connections` has that of the control port.
Here is also the one list of hosts that they may call: this machine, and what the target file names.

No client of a run reads the environment. Proxy variables would send phone numbers to a proxy, and `requests` reads
`os.environ` in its threads while pytest changes it (`KeyError: 'PYTEST_CURRENT_TEST'`).
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from tayari_formats.loopback import is_loopback
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_CHUNK: Final = 16 * 1024
_SHOWN_BYTES: Final = 64 * 1024
"""How much of an answer beyond a limit is kept as evidence."""
_OVERHEAD_BYTES: Final = 1_000_000
"""Room for headers, chunk sizes and trailers, and for the redirects before the last answer."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimit:
    """How much of an answer is read, and for how long: one hostile answer must not fill memory or stop a run."""

    bytes: int = 2_000_000
    """Of the body, decompressed."""
    seconds: float = 30.0
    """From the request to the last byte, redirects included. A longer timeout of one call extends it."""


class AnswerBeyondLimit(requests.RequestException):
    """The answer was too long or took too long; `response` holds the first part, if its headers were complete."""


def daraja_session(*, beyond_this_machine: bool) -> requests.Session:
    """For a Daraja that the user names, to record its answers. Beyond this machine it takes the proxy of the
    environment, which a company may need.
    """
    session = requests.Session()
    session.trust_env = beyond_this_machine
    return session


class MerchantSession(requests.Session):
    """For the merchant: answers are bounded by `limit`, and redirects are followed on their own origin only.
    Only this machine and `hosts` are called.

    Another class of session, such as Locust's, becomes safe by naming this one first among its bases.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trust_env = False
        self.limit = AnswerLimit()
        self.hosts: frozenset[str] = frozenset()
        adapter = _LimitedAdapter(pool_connections=8, pool_maxsize=128)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """As `requests` does. What the driver sends has no parameters, files or credentials, and needs no merging.

        `requests` 2.34 asks at each merge whether a mapping is one of its protocols: a fifth of what a call costs.
        """
        url = str(request.url)
        merged = (request.params, request.files, request.auth, request.cookies, self.params, self.auth, self.trust_env)
        if any(merged) or any(self.hooks.values()) or "@" in url:
            return super().prepare_request(request)
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.url = _normalized(url)
        prepared.headers = cast(Any, self.headers).copy()  # the stubs know less of it than it is
        if request.headers:
            sent = {name.lower() for name in request.headers}
            own = {name: value for name, value in self.headers.items() if name.lower() not in sent}
            prepared.prepare_headers({**own, **{k: v for k, v in request.headers.items() if v is not None}})
        prepared._cookies = RequestsCookieJar()  # type: ignore[attr-defined]  # the stubs do not have it
        if len(self.cookies):
            prepared.prepare_cookies(self.cookies.copy())
        prepared.prepare_body(request.data, None, request.json)
        prepared.prepare_hooks(request.hooks)
        return prepared

    def merge_environment_settings(self, url: Any, proxies: Any, stream: bool | None, verify: Any, cert: Any) -> Any:
        """Those of the call, or else of the session: nothing is taken from the environment."""
        if proxies or self.proxies or self.trust_env:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {
            "proxies": {},
            "stream": self.stream if stream is None else stream,
            "verify": self.verify if verify is None else verify,
            "cert": self.cert if cert is None else cert,
        }

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """As `requests` does, within the limit. It is called again for each redirect, under the same limit.

        Raises:
            HostRefused: the host is not called.
        """
        check_host(str(request.url), self.hosts)
        if _reading.get() is not None:
            return super().send(request, **kwargs)
        timeout = kwargs.get("timeout")
        seconds = max(self.limit.seconds, timeout) if isinstance(timeout, int | float) else self.limit.seconds
        with _limited(_ReadingLimit(self.limit.bytes, seconds)):
            return super().send(request, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where to go next; None for another origin, whose redirect is the answer itself."""
        target = super().get_redirect_target(resp)
        if target is None or origin(urljoin(resp.url, target)) != origin(resp.url):
            return None
        return target


@lru_cache(maxsize=4096)
def _normalized(url: str) -> str:
    """The address as `requests` sends it: a payment is looked at several times by the same one.

    Raises:
        requests.RequestException: it is no address.
    """
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, as browsers compare them; a port that is no number makes an origin of its own."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or _DEFAULT_PORTS.get(scheme)
    except ValueError:
        port = None
    return scheme, (parts.hostname or "").lower().rstrip("."), port


class _ReadingLimit:
    """What one call may still read."""

    __slots__ = ("bytes", "raw_left", "reason", "seconds", "until")

    def __init__(self, limit_bytes: int, seconds: float) -> None:
        self.bytes = limit_bytes
        self.raw_left = limit_bytes + _OVERHEAD_BYTES
        self.seconds = seconds
        self.until = time.monotonic() + seconds
        self.reason = ""

    def left_s(self) -> float:
        """Seconds until the deadline. Raises TimeoutError at the deadline."""
        left = self.until - time.monotonic()
        if left <= 0:
            self.reason = (
                f"the answer is not complete after {self.seconds:g} s; "
                "expected all of it by then; let the merchant answer in full"
            )
            raise TimeoutError(self.reason)
        return left

    def count(self, received: int) -> None:
        """Count what came from the network. Raises OSError beyond the limit."""
        self.raw_left -= received
        if self.raw_left < 0:
            raise OSError(self.too_long())

    def too_long(self) -> str:
        self.reason = (
            f"the answer is longer than {self.bytes:,} bytes; "
            "expected at most that; let the merchant answer shorter, or raise merchant.max_answer_bytes"
        )
        return self.reason


_reading: ContextVar[_ReadingLimit | None] = ContextVar("reading", default=None)


@contextmanager
def _limited(reading: _ReadingLimit) -> Iterator[None]:
    token = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(token)


class _LimitedStream(io.RawIOBase):
    """The bytes of one answer. `requests` has only a timeout per read, never reached by an answer in small pieces."""

    def __init__(self, sock: socket.socket, reading: _ReadingLimit) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # it keeps the socket open until the answer is read
        self._reading = reading

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._reading.left_s()
        patience = self._sock.gettimeout()
        if patience is None or patience > left:
            self._sock.settimeout(left)
        try:
            received = self._raw.readinto(buffer)
        except TimeoutError:
            self._reading.left_s()
            raise
        self._reading.count(received or 0)
        return received

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LimitedFile:
    """What an answer asks its socket for: a file to read from."""

    def __init__(self, sock: socket.socket, reading: _ReadingLimit) -> None:
        self._stream = _LimitedStream(sock, reading)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._stream)


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        reading = _reading.get()
        super().__init__(sock if reading is None else cast(Any, _LimitedFile(sock, reading)), *args, **kwargs)


class _Connection(HTTPConnection):
    response_class = _LimitedResponse

    @property
    def is_connected(self) -> bool:
        """Whether a kept connection is open and nothing has come on it, so that it serves another call.

        urllib3 polls the socket. Under gevent (Locust) that starts watchers, and takes a fifteenth of what a call
        costs; there the socket itself never blocks and can be read ahead.
        """
        plain = getattr(self.sock, "_sock", None)
        if plain is None:
            return bool(super().is_connected)
        try:
            plain.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


class _TlsConnection(HTTPSConnection):
    response_class = _LimitedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _LimitedAdapter(HTTPAdapter):
    """Reads every answer itself: `requests` reads the body of a redirect without any limit."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        self._pools: dict[object, Any] = {}

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """The pool of an origin, found once: the search takes a twentieth of what a call costs."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        key = (*request.url.split("/", 3)[:3], verify, cert)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = super().get_connection_with_tls_context(request, verify, proxies, cert)
        return pool

    def request_url(self, request: Any, proxies: Any) -> str:
        """The path that is asked for; without proxies there is none to look for."""
        return str(super().request_url(request, proxies) if proxies else request.path_url)

    def close(self) -> None:
        """urllib3 closes the connections of a pool when nobody holds the pool any more."""
        self._pools.clear()
        super().close()

    def send(self, request: requests.PreparedRequest, stream: bool = False, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        reading = _reading.get()
        if reading is None:
            raise RuntimeError("an answer is read outside of MerchantSession.send")
        response: requests.Response | None = None
        try:
            response = super().send(request, True, *args, **kwargs)
            _read(response, reading)
        except requests.RequestException as error:
            if reading.reason:
                raise AnswerBeyondLimit(reading.reason, request=request, response=response) from error
            raise
        if reading.reason:
            raise AnswerBeyondLimit(reading.reason, request=request, response=response)
        return response


def _read(response: requests.Response, reading: _ReadingLimit) -> None:
    """Read the body piece by piece; urllib3 decompresses no more than a piece at a time since its version 2.6."""
    body = bytearray()
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > reading.bytes:
                reading.too_long()
                break
    finally:
        beyond = bool(reading.reason)
        if beyond:
            response.raw.close()
        response._content = bytes(body[:_SHOWN_BYTES] if beyond else body)
        response._content_consumed = True  # type: ignore[attr-defined]  # the stubs do not have it


_REAL_DARAJA = "safaricom.co.ke"


class HostRefused(Exception):
    """A call to a host that the harness does not call; the message names the host and the remedy."""


def hosts_of(addresses: Iterable[str]) -> frozenset[str]:
    """The host of each address, lower case; an address without one is left out."""
    return frozenset(host for host in map(_host, addresses) if host)


@lru_cache(maxsize=4096)
def check_host(url: str, allowed: frozenset[str]) -> None:
    """Let a call to this address pass. An address that passed once, such as a payment's page, is not parsed again.

    Raises:
        HostRefused: its host is neither this machine nor in `allowed`, or it belongs to the real Safaricom.
    """
    host = _host(url)
    if is_real_daraja(host):
        do = "write the address of your own merchant in the target file"
        raise HostRefused(f"host {host} is not called: it is the real Safaricom; expected a test system; {do}")
    if host not in allowed and not is_loopback(host):
        do = "write this address into the target file if it is your merchant's"
        raise HostRefused(f"host {host or url!r} is not called; expected loopback or {_listed(allowed)}; {do}")


def is_real_daraja(host: str) -> bool:
    """Whether this name belongs to Safaricom, whom no run ever calls.

    Only `tayari parity record` asks its sandbox, and only where the command line names it (`tayari.run.parity`).
    """
    name = host.lower().rstrip(".")
    return name == _REAL_DARAJA or name.endswith("." + _REAL_DARAJA)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def _listed(allowed: frozenset[str]) -> str:
    return ", ".join(sorted(allowed)) or "a host of the target file"
