"""Which hosts can only be this machine."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address


@lru_cache(maxsize=4096)
def is_loopback(host: str) -> bool:
    """Whether this is `localhost` or a loopback address. Other names are not looked up: they are False."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
