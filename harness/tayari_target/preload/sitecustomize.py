"""Loaded by the merchant's Python at its start: Safaricom's names lead to the simulator's TLS port.

Most HTTP clients of Python read a proxy from the environment; aiohttp and bare sockets do not. All of them look names
up with `socket.getaddrinfo`. A `sitecustomize` of the merchant's own, which this one hides, is loaded after it.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from typing import Any

_TO = os.environ.get("TAYARI_TLS_ADDRESS", "")
_DOMAIN = "safaricom.co.ke"


def _is_safaricom(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not isinstance(name, str):
        return False
    name = name.rstrip(".").lower()
    return name == _DOMAIN or name.endswith("." + _DOMAIN)


def _redirect() -> None:
    address, _, port = _TO.rpartition(":")
    found = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if not _is_safaricom(host):
            return found(host, *rest, **named)
        named.pop("port", None)
        return found(address.strip("[]"), int(port), *rest[1:], **named)

    socket.getaddrinfo = getaddrinfo


def _load_hidden() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in sys.path:
        file = os.path.join(folder, "sitecustomize.py")
        if os.path.abspath(folder or ".") != here and os.path.isfile(file):
            spec = importlib.util.spec_from_file_location("sitecustomize", file)
            if spec is not None and spec.loader is not None:
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
            return


if _TO:
    _redirect()
_load_hidden()
