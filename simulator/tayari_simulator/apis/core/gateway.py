"""What is refused before an API sees a call: unknown paths, bad tokens, too many calls in a minute.

The same mistake is answered in other words by each family of APIs, as each has its own gateway proxy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tayari_simulator.catalogue.errors import ERRORS, INVALID_TOKEN, INVALID_TOKEN_401, INVALID_TOKEN_WITH_ID, ErrorSpec
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Reply


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
    """The refusal of a bad token on this path."""
    word = family_of(path).bad_token
    if word == _STK:
        if options.says("invalid_token_status", "401"):
            return INVALID_TOKEN_401
        return INVALID_TOKEN_WITH_ID if options.says("invalid_token_request_id", "filled") else INVALID_TOKEN
    if word in ERRORS:
        return ERRORS[word]
    return ERRORS[f"{options.text(word)}.invalid_access_token"]


LIMITS: Final = ((Call.OAUTH, "tokens_per_minute"), (Call.STK_PUSH, "pushes_per_minute"),
                 (Call.STK_QUERY, "queries_per_minute"))  # fmt: skip
"""The option that limits each endpoint. Limits of production are not published. Source: reference 1.11, 6-33."""


def rate_gaps(options: Options) -> Mapping[str, float]:
    """Seconds that must pass between two calls of one app; endpoints without a limit are not in it."""
    limits = ((call, options.number(name)) for call, name in LIMITS)
    return {call: 60.0 / limit for call, limit in limits if limit}


def rate_refusal(options: Options) -> Callable[[], Reply]:
    """What makes the refusals, in the shape and under the status that the options say."""
    shape, retry_after_s = options.text("rate_limit_shape"), options.number("rate_limit_retry_after_s")

    def refuse() -> Reply:
        if shape == "gateway":
            reply = GATEWAY_FAULTS["spike_arrest"].reply()
        else:
            reply = ERRORS["500.003.02.spike_arrest"].reply()
            reply.status = 429 if shape == "api_429" else reply.status
        if retry_after_s:
            reply.headers = (*reply.headers, ("Retry-After", f"{retry_after_s:g}"))
        return reply

    return refuse
