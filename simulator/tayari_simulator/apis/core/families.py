"""Families of APIs: the same mistake is answered in other words by each of them, as each has its own gateway proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tayari_simulator.catalogue.errors import (
    ERRORS,
    INVALID_TOKEN,
    INVALID_TOKEN_401,
    INVALID_TOKEN_WITH_ID,
    ErrorSpec,
)
from tayari_simulator.catalogue.options import Options


@dataclass(frozen=True, slots=True)
class Family:
    """All paths that begin so. Both words are names of rows in the table of errors."""

    prefix: str
    not_found: str
    """The answer to an unknown path. Source: reference 2.2."""
    bad_token: str
    """The answer to a token that is unknown or expired; or the switch that names it. Source: reference 1.4."""


_STK: Final = "404.001.03"
_OTHER: Final = Family("", "404.001.01", _STK)
"""STK push and query; and the APIs of which no source says how they refuse a token (assumed)."""

FAMILIES: Final = (
    Family("/mpesa/b2c/", "404.002.01", "401.002.01"),
    Family("/mpesa/b2b/", "404.002.01", "401.002.01"),
    Family("/mpesa/b2pochi/", "404.002.01", "401.002.01"),
    Family("/mpesa/c2b/", "404.003.01", "c2b_invalid_token"),
    Family("/mpesa/transactionstatus/", "404.003.01", "400.003.01"),
    Family("/mpesa/accountbalance/", "404.003.01", "401.002.01"),
    Family("/mpesa/reversal/", "404.003.01", _STK),
    Family("/mpesa/qrcode/", "404.001.01", "qr_invalid_token"),
    Family("/imsi/", "404.001.01", "401.001"),
    Family("/imsi-lookup/", "404.001.01", "401.001"),
    Family("/registration/lookup/", "404.001.01", "401.001"),
    Family("/pulltransactions/", "404.001.01", "401.001"),
    Family("/v1/billmanager-invoice/", "404.001.01", "401.unauthorized"),
)
"""Two are not in reference 1.4 and assumed: B2B answers as B2C does, and IMSI and its kin with HTTP 401."""


def family_of(path: str) -> Family:
    """The family of a path, known or unknown."""
    return next((family for family in FAMILIES if path.startswith(family.prefix)), _OTHER)


def token_error(path: str, options: Options) -> ErrorSpec:
    """What a bad token is told on this path."""
    word = family_of(path).bad_token
    if word == _STK:
        if options.says("invalid_token_status", "401"):
            return INVALID_TOKEN_401
        return INVALID_TOKEN_WITH_ID if options.says("invalid_token_request_id", "filled") else INVALID_TOKEN
    if word in ERRORS:
        return ERRORS[word]
    return ERRORS[f"{options.text(word)}.invalid_access_token"]
