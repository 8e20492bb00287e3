"""The whole configuration of a simulator, in one frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tayari_simulator.apis.core.organisations import Organisation
from tayari_simulator.catalogue.provenance import Profile

SANDBOX_SHORT_CODE: Final = "174379"
SANDBOX_PASSKEY: Final = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
"""Both are public. Source: reference 1.8."""

JOURNAL_BYTES: Final = 28 * 1024 * 1024
"""With this bound the process grows by less than 60 MB. Payments, and memory lost to allocation, come on top."""
A_PAYMENT_BYTES: Final = 2048
"""About the size of a payment in the journal. The journal's bound divided by it is how many payments are remembered."""
FEWEST_PAYMENTS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One simulator. Ports of 0 are chosen by the system.

    `consumer_key` and `consumer_secret` None: any pair is accepted. `rewrites` replace the beginning of a callback URL;
    `deliver_to` replaces all of it. Only loopback addresses and `allow_hosts` are ever called.
    """

    host: str = "127.0.0.1"
    port: int = 9310
    control_host: str | None = None
    """The control API's address. None: `host` when that is this machine's own, else 127.0.0.1."""
    control_port: int = 9311
    control_open: bool = False
    """Whether calls that send need no token."""
    control_token: str | None = None
    """What calls of the control API that send must carry. None: nothing."""
    control_names: tuple[str, ...] = ()
    """Further host names by which the control API is called."""
    profile: Profile = Profile.DOCUMENTED
    clock: str = "real"
    """`real`, `scaled:N`, `manual` or `manual:SECONDS`."""
    seed: int = 1
    scenario_dirs: tuple[str, ...] = ()
    scenario: str | None = None
    interactive: bool = False
    """Whether every prompt waits for a handset, which answers through the control API."""
    mix: Mapping[str, float] | None = None
    """Weights by scenario name: what payments meet where nothing more specific chooses."""
    journal_file: str | None = None
    journal_bytes: int = JOURNAL_BYTES
    drain_s: float = 2.0
    """At the end, callbacks and results due within this many real seconds still happen."""
    short_code: str = SANDBOX_SHORT_CODE
    till: str | None = None
    """The till that buy-goods payments go to; None: the short code takes pay-bill payments only."""
    passkey: str = SANDBOX_PASSKEY
    organisations: tuple[Organisation, ...] = ()
    """Further short codes; those of the sandbox (600000 to 600999) need no configuration."""
    consumer_key: str | None = None
    consumer_secret: str | None = None
    allow_hosts: tuple[str, ...] = ()
    rewrites: tuple[tuple[str, str], ...] = ()
    deliver_to: str | None = None
    source_header: str | None = None
    """A header that carries the caller's address, as a merchant's own proxy would set it (`X-Forwarded-For`)."""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Behaviour switches by name, over the profile's."""
    tls: bool = False
    """Whether Safaricom's host names are played too: a TLS port under a local authority, and a forward proxy."""
    tls_port: int = 9312
    proxy_port: int = 9313
    proxy_others: str = "refuse"
    """What the proxy does with other hosts than Safaricom's and this machine: `refuse` or `pass`."""
    state_folder: Path | None = None
    """Where keys and certificates are kept; None: the user's state folder."""
    page: str | None = None
    """`provenance` or `magic`: print this and stop, instead of running."""
    page_format: str = "markdown"
    """`markdown` or `json`."""
