"""The shop's settings: environment variables, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"  # public: Daraja's sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between a laptop, a test and production."""

    base_url: str = "http://127.0.0.1:9310"
    consumer_key: str = "duka"
    consumer_secret: str = field(default="duka", repr=False)
    short_code: str = "174379"
    """Pay bill: the pay bill number. Buy goods: the store number."""
    passkey: str = field(default=SANDBOX_PASSKEY, repr=False)
    initiator: str = "testapi"
    """The API user that may reverse payments."""
    initiator_password: str = field(default="Safaricom999!*!", repr=False)
    certificate: str = ""
    """File of the certificate that the password is encrypted with. Empty: the shop refunds nothing."""
    till: str = ""
    """The till, in buy goods mode; empty: the shop has a pay bill."""
    public_url: str = "https://shop.example"
    """How Safaricom reaches this shop. HTTPS, public."""
    database: str = "duka.db"
    secret: str = field(default="", repr=False)
    """Key of the callback paths. Empty: made once and kept in the database, so that a restart knows its paths."""
    staff_key: str = field(default="", repr=False)
    """What staff send as X-Staff-Key to see ledger and messages. Empty: open, for trials on loopback."""
    source_header: str = ""
    """Header in which the shop's own proxy names the caller's address. Empty: addresses are not checked."""
    reconcile_first_s: float = 1.5
    """Silence after which M-Pesa is asked for the first time. Short for tests; 20 s suits production."""
    reconcile_give_up_s: float = 45.0
    """Age at which a person takes over. Short for tests; an hour suits production."""
    callback_queue_s: float = 0.0
    """How long a callback waits before the shop works on it, as in shops with a queue of jobs. 200 is said at once."""
    queries_per_minute: float = 5.0
    """Daraja's sandbox allows five queries a minute; production limits are not published: ask for yours."""
    pull_every_s: float = 600.0
    """How often M-Pesa is asked for pay bill payments whose confirmation was lost."""
    nominated_number: str = "254700000000"
    """The shop's own phone, which the pull API asks for."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the environment.

        Raises:
            ValueError: naming the variable, what it holds and what it should hold.
        """
        given = {name: environ[variable] for name, variable in VARIABLES.items() if environ.get(variable)}
        numbers = {name: _number(VARIABLES[name], given.pop(name)) for name in NUMBERS if name in given}
        kind = environ.get("MPESA_TYPE", "paybill")
        if kind not in {"paybill", "till"}:
            raise ValueError(f"MPESA_TYPE is {kind!r}; expected paybill or till")
        if kind == "paybill":
            given.pop("till", None)
        elif "till" not in given:
            raise ValueError("MPESA_TYPE is till but MPESA_TILL is not set; set it to the till number")
        return cls(**given, **numbers)  # type: ignore[arg-type] # the two dicts hold texts and numbers by name


VARIABLES: Mapping[str, str] = {
    "base_url": "MPESA_BASE_URL",
    "consumer_key": "MPESA_CONSUMER_KEY",
    "consumer_secret": "MPESA_CONSUMER_SECRET",
    "short_code": "MPESA_SHORT_CODE",
    "passkey": "MPESA_PASSKEY",
    "initiator": "MPESA_INITIATOR",
    "initiator_password": "MPESA_INITIATOR_PASSWORD",
    "certificate": "MPESA_CERTIFICATE",
    "till": "MPESA_TILL",
    "public_url": "PUBLIC_URL",
    "database": "DUKA_DB",
    "secret": "DUKA_SECRET",
    "staff_key": "DUKA_STAFF_KEY",
    "source_header": "DUKA_SOURCE_HEADER",
    "reconcile_first_s": "DUKA_RECONCILE_FIRST_S",
    "reconcile_give_up_s": "DUKA_RECONCILE_GIVE_UP_S",
    "callback_queue_s": "DUKA_CALLBACK_QUEUE_S",
    "queries_per_minute": "DUKA_QUERIES_PER_MINUTE",
    "pull_every_s": "DUKA_PULL_EVERY_S",
    "nominated_number": "DUKA_PHONE",
}
NUMBERS = ("reconcile_first_s", "reconcile_give_up_s", "callback_queue_s", "queries_per_minute", "pull_every_s")


def _number(variable: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise ValueError(f"{variable} is {text!r}; expected a number above 0")
    return number
