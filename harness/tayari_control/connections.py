"""Kept connections to one control port. Blocking, thread-safe.

A suite makes thousands of calls, of one small JSON text each. Over `urllib3` a call costs ten times as much CPU.
"""

from __future__ import annotations

import socket
import ssl
import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

import httptools

_MOST_IDLE: Final = 128
_PIECE: Final = 65_536
_AS_THEY_ARE: Final = "%/?&=:,+;@!$'()*~"
"""Characters of a path and a query that are not escaped; `%` begins what is escaped already."""


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """What the control port answered."""

    status: int
    body: bytes


class OriginConnections:
    """Makes requests to the origin of `url`, on a free connection or a new one. Reads no proxy variable."""

    def __init__(self, url: str) -> None:
        parts = _parts(url)
        self._is_an_address = bool(parts.hostname)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._path = parts.path.rstrip("/")
        self._host_header = parts.netloc.rpartition("@")[2]
        self._idle: deque[socket.socket] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """Close the connections that no call uses."""
        _close_all(self._idle)

    def request(
        self, method: str, path: str, *, headers: dict[str, str], body: bytes | None, timeout_s: float
    ) -> ControlAnswer:
        """The whole answer. `timeout_s` is for the connection, and again for each piece of the answer.

        Raises:
            OSError: there was no answer, or none in time.
        """
        connection = self._connection(timeout_s)
        reading = _AnswerReading()
        try:
            connection.sendall(self._written(method, path, headers, body))
            while not reading.complete:
                reading.take(connection)
        except BaseException:
            connection.close()
            raise
        if reading.keeps_alive and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return ControlAnswer(reading.status, b"".join(reading.pieces))

    def stream(self, path: str, *, headers: dict[str, str], timeout_s: float) -> tuple[int, Iterator[bytes]]:
        """The status of the answer to a GET, and its body as it comes; `timeout_s` is the longest silence.

        Raises:
            OSError: there was no answer, or, from the body, that it broke off.
        """
        connection = self._connection(timeout_s)
        reading = _AnswerReading()
        try:
            connection.sendall(self._written("GET", path, headers, None))
            while not reading.status:
                reading.take(connection)
        except BaseException:
            connection.close()
            raise
        return reading.status, _rest(connection, reading)

    def _connection(self, timeout_s: float) -> socket.socket:
        if not self._is_an_address:
            raise OSError("found no address in it; give one such as http://127.0.0.1:8301")
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            if _is_open(connection):
                connection.settimeout(timeout_s)
                return connection
            connection.close()
        connection = socket.create_connection((self._host, self._port), timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_tls:
            return ssl.create_default_context().wrap_socket(connection, server_hostname=self._host)
        return connection

    def _written(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> bytes:
        lines = [f"{method} {self._path}{quote(path, safe=_AS_THEY_ARE)} HTTP/1.1", f"Host: {self._host_header}"]
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise OSError(f"found a character in {name} that no header may have; give the simulator's own token")
            lines.append(f"{name}: {value}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join((*lines, "\r\n")).encode("latin-1") + (body or b"")


def _parts(url: str) -> SplitResult:
    """The parts of a web address; empty ones where it is none."""
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        return parts if parts.scheme in {"http", "https"} and parts.port != 0 else urlsplit("")
    except ValueError:  # its port, its IPv6 address or the name of its host is none
        return urlsplit("")


def _close_all(idle: deque[socket.socket]) -> None:
    while idle:
        idle.pop().close()


def _rest(connection: socket.socket, reading: _AnswerReading) -> Iterator[bytes]:
    with connection:
        while True:
            while reading.pieces:
                yield reading.pieces.popleft()
            if reading.complete:
                return
            reading.take(connection)


def _is_open(connection: socket.socket) -> bool:
    """Whether a kept connection still serves: the other side has neither closed it nor said anything on it."""
    connection.settimeout(0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except (OSError, ValueError):  # TLS knows no MSG_PEEK: such a connection is made anew
        return False
    return False


class _AnswerReading:
    """One answer as it comes; the parser calls the methods that begin with `on_`."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.complete = False
        self.keeps_alive = False
        self.status = 0
        self._parser: Any = httptools.HttpResponseParser(self)

    def take(self, connection: socket.socket) -> None:
        """Read the next piece. Raises OSError when there is none, or when it is no HTTP."""
        received = connection.recv(_PIECE)
        if not received:
            raise ConnectionResetError("the connection was closed before the answer was complete")
        try:
            self._parser.feed_data(received)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise OSError(f"the answer is no HTTP: {error}") from error

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.keeps_alive = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.complete = True
