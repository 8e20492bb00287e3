"""Where callbacks may go: addresses are rewritten as configured; only loopback and allowed hosts are ever called."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from tayari_formats.loopback import is_loopback

from tayari_simulator.apis.core.fields import LONGEST_TEXT
from tayari_simulator.config import Config


class TargetRefused(Exception):
    """A callback URL that is not called: its host is neither loopback nor allowed, or it is no URL."""


class Origin(NamedTuple):
    """Scheme, host and port: callbacks to one origin share connections and a queue, and no other's."""

    scheme: str
    host: str
    port: int
    authority: str
    """As it is written in the Host header."""
    loopback_only: bool = False
    """Whether the name must lead to this machine, which is looked up when a connection is opened."""


@dataclass(frozen=True, slots=True)
class CallbackTarget:
    """One callable address."""

    origin: Origin
    path: bytes
    """With the query, as it is written in a request."""
    url: str
    """The whole of it, as it was given."""


_PORTS: Final = {"http": 80, "https": 443}
MOST_KNOWN: Final = 4096
"""How many resolved addresses are kept: most callbacks go where the last ones went."""
_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63
_SAFE: Final = "/?:@!$&'()*+,;=-._~%[]"


class Targets:
    """The rules of one simulator."""

    def __init__(self, config: Config) -> None:
        """Take the configured hosts; hosts of `rewrites` and of `deliver_to` are allowed with them.

        Raises:
            TargetRefused: a rewriting or `deliver_to` is not an http or https URL.
        """
        self._rewrites = config.rewrites
        self._deliver_to = config.deliver_to
        self._known: dict[str, CallbackTarget] = {}
        configured = [new for _, new in config.rewrites] + ([config.deliver_to] if config.deliver_to else [])
        self.hosts = frozenset((*_lower(config.allow_hosts), *(_origin(_prefix(url)).host for url in configured)))

    def resolve(self, url: str, *, genuine: bool = True) -> CallbackTarget:
        """The address to call for a callback URL; `genuine` False: `deliver_to` does not apply.

        Raises:
            TargetRefused: with what was found, and what would allow it.
        """
        if genuine and self._deliver_to is not None:
            url = self._deliver_to
        known = self._known.get(url)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[url] = self._resolved(url)
        return known

    def _resolved(self, url: str) -> CallbackTarget:
        if len(url) > LONGEST_TEXT:
            raise TargetRefused(
                f"callback URL {url[:100]}... has {len(url)} characters; expected at most {LONGEST_TEXT}; shorten it"
            )
        for old, new in self._rewrites:
            if url.startswith(old):
                url = new + url[len(old) :]
                break
        prefix = _prefix(url)
        origin = _origin(prefix)
        if origin.host not in self.hosts and origin.host.endswith(".localhost"):
            origin = origin._replace(loopback_only=True)
        elif origin.host not in self.hosts and not is_loopback(origin.host):
            raise TargetRefused(
                f"callback host {origin.host} is not called: only loopback and allowed hosts are; "
                f"allow it (--allow-host {origin.host}) or rewrite it (--rewrite {prefix}=http://127.0.0.1:PORT)"
            )
        path = url[len(prefix) :].partition("#")[0]
        if not path.startswith("/"):
            path = f"/{path}"
        written = path if path.isascii() and path.isprintable() and " " not in path else quote(path, _SAFE)
        return CallbackTarget(origin, written.encode("ascii"), url)


def _lower(hosts: Iterable[str]) -> list[str]:
    return [host.lower().strip("[]") for host in hosts]


def _prefix(url: str) -> str:
    """Scheme and authority of a URL, as written."""
    start = url.find("://") + 3
    ends = [at for at in (url.find(mark, start) for mark in "/?#") if at >= 0]
    return url[: min(ends)] if ends else url


@lru_cache(maxsize=4096)
def _origin(prefix: str) -> Origin:
    try:
        parts = urlsplit(prefix)
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        scheme, host, port = "", "", None
    if scheme not in _PORTS or not host or not prefix.isascii() or not prefix.isprintable() or " " in prefix:
        raise TargetRefused(f"{prefix[:100]!r} is not the beginning of a URL; expected http://HOST or https://HOST")
    if ":" not in host and not _is_host_name(host):
        raise TargetRefused(
            f"callback host {host[:100]!r} is not a host name; expected labels of 1 to {_LONGEST_LABEL} characters, "
            f"{_LONGEST_HOST} in all, with dots between them"
        )
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port is None else f"{shown}:{port}"
    return Origin(scheme, host, port or _PORTS[scheme], authority)


def _is_host_name(host: str) -> bool:
    """Whether a resolver takes it: an empty or an overlong label cannot be encoded."""
    labels = host.removesuffix(".").split(".")
    return len(host) <= _LONGEST_HOST and all(1 <= len(label) <= _LONGEST_LABEL for label in labels)


async def loopback_addresses(host: str, port: int) -> list[str]:
    """The addresses of a name that must be this machine.

    Raises:
        OSError: it cannot be resolved, or one of them is another machine.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    if not addresses or not all(map(is_loopback, addresses)):
        raise OSError(f"{host} is {', '.join(addresses)}, not this machine; allow it (--allow-host {host})")
    return addresses


def tls_context(origin: Origin) -> ssl.SSLContext:
    """The TLS settings for one origin: certificates are verified, except those of this machine."""
    return _tls_context(verifies=not (origin.loopback_only or is_loopback(origin.host)))


@cache
def _tls_context(*, verifies: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
