"""Which hosts are Safaricom's, and which are this machine. Names are judged as written; nothing is looked up."""

from __future__ import annotations

import ipaddress
from typing import Final

from tayari_formats.loopback import is_loopback

SANDBOX_HOST: Final = "sandbox.safaricom.co.ke"
PRODUCTION_HOST: Final = "api.safaricom.co.ke"
"""Source: reference 1.1."""
DOMAIN: Final = "safaricom.co.ke"


def plain_name(host: str) -> str:
    """A host as it is compared: lower case, without the dot of the root, without brackets."""
    return host.strip().strip("[]").rstrip(".").lower()


def is_safaricom(host: str) -> bool:
    """Whether this is a name of Safaricom's, in any casing, with or without a last dot."""
    name = plain_name(host)
    return name == DOMAIN or name.endswith(f".{DOMAIN}")


def is_this_machine(host: str) -> bool:
    """Whether this is `localhost`, a name below it, or a loopback address in its usual form."""
    name = plain_name(host)
    return name.endswith(".localhost") or is_loopback(str(address_of(name) or name))


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is; None: it is a name. An IPv4 address inside an IPv6 one is taken out."""
    try:
        address = ipaddress.ip_address(plain_name(host))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_number_like(host: str) -> bool:
    """Whether a resolver may read this as an address although it is not in the usual form (`127.1`, `0x7f.1`)."""
    last = plain_name(host).rpartition(".")[2]
    return address_of(host) is None and (last.isdigit() or last.startswith("0x"))
