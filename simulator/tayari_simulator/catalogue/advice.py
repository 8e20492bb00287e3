"""Advice on each refusal: the words for the customer, in English and Swahili, and whether to try again.

One row for each row of `errors` and of `edge`, found by its name; a test holds the tables together. The words are of a
payment that could not be started; a refused status query says nothing of the payment (`OF_QUERY`). The reference
lists the refusals and says nothing of customers: sentences and advice are this project's own, drawn from the rules
T04, T06, A06 to A12 and Q02, Q03.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tayari_simulator.catalogue import customer_texts as say
from tayari_simulator.catalogue.customer_texts import Phrase

RETRY: Final[Mapping[str, str]] = MappingProxyType({
    "no": "another attempt changes nothing",
    "now": "a new attempt as soon as the customer asks for it",
    "after a wait": "a new attempt once the minutes that the words name have passed, with the customer's consent",
    "after fix": "only after somebody has fixed the cause",
    "after top-up": "when the customer has topped up, or for less",
    "tomorrow": "the limit is the day's",
    "new token": "drop the token, fetch a new one, send once more; after that it is a failure",
    "backoff": "again by itself, with growing gaps and an end",
    "ask first": "the outcome is not known: query before anything else",
    "poll": "query again, with growing gaps and an end",
})  # fmt: skip
"""What each word of `retry` means, of refusals and of result codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a merchant should make of one refusal; without words, no customer is concerned."""

    say_en: str
    say_sw: str
    retry: str


_ROWS: Final[tuple[tuple[str, Phrase, str], ...]] = (
    ("400.002.02.invalid_field", say.STAFF, "after fix"),
    ("400.002.02.invalid_callbackurl", say.STAFF, "after fix"),
    ("400.002.02.invalid_phone_number", say.PHONE, "after fix"),
    ("400.002.02.invalid_amount", say.AMOUNT, "after fix"),
    ("400.002.02.invalid_remarks", say.STAFF, "after fix"),
    ("400.002.02.invalid_checkout_request_id", say.WAITING, "poll"),
    ("400.002.05.invalid_request_payload", say.STAFF, "after fix"),
    ("400.001.invalid_short_code", say.NOTHING, "after fix"),
    ("400.003.01.invalid_access_token", say.UNAVAILABLE, "new token"),
    ("400.003.02.bad_request", say.NOTHING, "after fix"),
    ("400.008.01.invalid_authentication", say.STAFF, "after fix"),
    ("400.008.02.invalid_grant_type", say.STAFF, "after fix"),
    ("401.unauthorized", say.NOTHING, "new token"),
    ("401.001.invalid_access_token", say.NOTHING, "new token"),
    ("401.002.01.invalid_access_token", say.UNAVAILABLE, "new token"),
    ("401.003.01.no_apiproduct_match", say.STAFF, "after fix"),
    ("401.003.01.invalid_access_token", say.NOTHING, "new token"),
    ("403.002.1001.not_authorized", say.NOTHING, "after fix"),
    ("404.001.01.resource_not_found", say.STAFF, "after fix"),
    ("404.002.01.resource_not_found", say.NOTHING, "after fix"),
    ("404.003.01.resource_not_found", say.NOTHING, "after fix"),
    ("404.001.03.invalid_access_token", say.UNAVAILABLE, "new token"),
    ("404.001.03.invalid_access_token.with_request_id", say.UNAVAILABLE, "new token"),
    ("404.001.03.invalid_access_token.status_401", say.UNAVAILABLE, "new token"),
    ("404.001.04.invalid_authentication_header", say.STAFF, "after fix"),
    ("405.001.method_not_allowed", say.STAFF, "after fix"),
    ("500.001.1001.merchant_does_not_exist", say.STAFF, "after fix"),
    ("500.001.1001.wrong_credentials", say.STAFF, "after fix"),
    ("500.001.1001.unable_to_lock_subscriber", say.OTHER_PROMPT, "after a wait"),
    ("500.001.1001.processing", say.WAITING, "poll"),
    ("500.001.1001.does_not_exist", say.UNCONFIRMED, "ask first"),
    ("500.001.1001.no_message", say.WAITING, "poll"),
    ("500.001.1001.internal_server_error", say.NOTHING, "ask first"),
    ("500.002.1001.duplicate_originator_conversation_id", say.NOTHING, "ask first"),
    ("500.002.1001.system_internal_error", say.UNCONFIRMED, "ask first"),
    ("500.003.02.system_busy", say.BUSY, "backoff"),
    ("500.003.02.spike_arrest", say.BUSY, "backoff"),
    ("500.003.03.quota_violation", say.BUSY, "backoff"),
    ("500.003.03.quota_violation.long", say.BUSY, "backoff"),
    ("500.003.1001.internal_server_error", say.UNCONFIRMED, "ask first"),
    ("500.003.1001.urls_already_registered", say.NOTHING, "no"),
    ("500.003.1001.duplicate_notification_info", say.NOTHING, "after fix"),
    ("00.002.1001.under_maintenance", say.MAINTENANCE, "backoff"),
    ("spike_arrest", say.BUSY, "backoff"),
    ("quota", say.BUSY, "backoff"),
    ("invalid_access_token", say.UNAVAILABLE, "new token"),
    ("gateway_timeout", say.UNCONFIRMED, "ask first"),
    ("soap_as_json", say.UNCONFIRMED, "ask first"),
    ("service_unreachable", say.NOTHING, "backoff"),
    ("imperva_403", say.UNAVAILABLE, "backoff"),
    ("imperva_503", say.UNAVAILABLE, "backoff"),
    ("bad_gateway_502", say.UNCONFIRMED, "ask first"),
)  # fmt: skip
"""Name, (English, Swahili), retry."""

ADVICE: Final[Mapping[str, Advice]] = MappingProxyType({
    name: Advice(say_en=words[0], say_sw=words[1], retry=retry) for name, words, retry in _ROWS
})  # fmt: skip

OF_QUERY: Final = Advice(say_en=say.CHECKING[0], say_sw=say.CHECKING[1], retry="poll")
"""Of any refusal that answers a status query. Source: rule Q03."""
