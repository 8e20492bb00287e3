"""The base URL of a client whose hosts are written into its code: replaced where its HTTP library sends."""

from __future__ import annotations

import functools
import importlib
import os
from importlib.util import find_spec
from typing import Any

HOSTS = ("https://sandbox.safaricom.co.ke", "https://api.safaricom.co.ke")
replaced: list[str] = []
"""The addresses that were replaced; empty: the client has a setting of its own."""


def local(url: str) -> str:
    """The address of the simulator for one of Daraja's; any other as it is."""
    for host in HOSTS:
        if url.startswith(host):
            replaced.append(url)
            return os.environ["DARAJA_URL"] + url.removeprefix(host)
    return url


def _around(module: str, owner: str, method: str, change: Any) -> None:
    """Let `change` see the arguments of a method before it runs, where the library is installed."""
    if find_spec(module.partition(".")[0]) is None:
        return
    home = getattr(importlib.import_module(module), owner)
    original = getattr(home, method)

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, *change(*args), **kwargs)

    setattr(home, method, call)


def _prepared(request: Any, *rest: Any) -> tuple[Any, ...]:
    request.url = local(request.url)
    return (request, *rest)


def _httpx(request: Any, *rest: Any) -> tuple[Any, ...]:
    url = local(str(request.url))
    if url != str(request.url):
        request.url = type(request.url)(url)
        request.headers["Host"] = request.url.netloc.decode()
    return (request, *rest)


def _aiohttp(method: str, url: Any, *rest: Any) -> tuple[Any, ...]:
    return (method, local(str(url)), *rest)


def _urllib(request: Any, *rest: Any) -> tuple[Any, ...]:
    if isinstance(request, str):
        return (local(request), *rest)
    request.full_url = local(request.full_url)
    return (request, *rest)


_around("requests.sessions", "Session", "send", _prepared)
_around("httpx", "Client", "send", _httpx)
_around("httpx", "AsyncClient", "send", _httpx)
_around("aiohttp", "ClientSession", "_request", _aiohttp)
_around("urllib.request", "OpenerDirector", "open", _urllib)
