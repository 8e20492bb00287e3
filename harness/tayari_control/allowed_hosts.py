"""The one list of hosts that the harness may call: this machine, and what the target file names."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

_REAL_DARAJA = "safaricom.co.ke"


class HostRefused(Exception):
    """A call to a host that the harness does not call; the message names the host and the remedy."""


def hosts_of(addresses: Iterable[str]) -> frozenset[str]:
    """The host of each address, lower case; an address without one is left out."""
    return frozenset(host for host in map(_host, addresses) if host)


def check_host(url: str, allowed: frozenset[str]) -> None:
    """Let a call to this address pass.

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


def is_loopback(host: str) -> bool:
    """Whether this name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def _listed(allowed: frozenset[str]) -> str:
    return ", ".join(sorted(allowed)) or "a host of the target file"
