"""Behaviour switches: everything about which sources disagree, with a default for each profile.

The documented profile takes what the documentation says; where that was seen to be wrong, or says nothing, the
reference's proposed default. `--option NAME=VALUE` overrides one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tayari_formats.problems import did_you_mean

from tayari_simulator.catalogue.provenance import Mark, Profile


class OptionError(Exception):
    """An option that does not exist, or a value that it cannot have; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One switch. `choices` empty: a number of at least 0. Defaults are for documented, sandbox and production."""

    name: str
    about: str
    choices: tuple[str, ...] = ()
    defaults: tuple[str, str, str]
    mark: Mark
    source: str

    def default(self, profile: Profile) -> str:
        """The value this profile has."""
        return self.defaults[tuple(Profile).index(profile)]

    def check(self, value: str) -> str:
        """Return the value.

        Raises:
            OptionError: it is not one of the choices, or not a number.
        """
        if self.choices:
            if value not in self.choices:
                raise OptionError(f"option {self.name}: {value!r} is not one of {', '.join(self.choices)}")
            return value
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < 1e12:
            raise OptionError(f"option {self.name}: {value!r} is not a number of at least 0")
        return value


def _same(value: str) -> tuple[str, str, str]:
    return (value, value, value)


_D, _O, _X, _A = Mark.DOCUMENTED, Mark.OBSERVED, Mark.DISPUTED, Mark.ASSUMED

OPTIONS: Final = (
    Option(name="expires_in_type", about="the JSON type of expires_in", choices=("string", "number"),
           defaults=("string", "number", "string"), mark=_X, source="reference 6-1"),
    Option(name="token_lifetime_s", about="how long a token lives; expires_in says one second less",
           defaults=_same("3600"), mark=_D, source="reference 1.3"),
    Option(name="new_token_cancels_old", about="a new token of an app makes its older ones invalid",
           choices=("off", "on"), defaults=_same("off"), mark=_X, source="reference 6-3"),
    Option(name="invalid_token_status", about="HTTP status of 404.001.03", choices=("404", "401"),
           defaults=_same("404"), mark=_X, source="reference 6-4"),
    Option(name="invalid_token_request_id", about="requestId of 404.001.03", choices=("empty", "filled"),
           defaults=_same("empty"), mark=_O, source="reference 1.4"),
    Option(name="c2b_invalid_token", about="the answer of C2B to a bad token", choices=("400.003.01", "401.003.01"),
           defaults=("400.003.01", "401.003.01", "401.003.01"), mark=_X, source="reference 1.4"),
    Option(name="qr_invalid_token", about="the answer of the QR API to a bad token", choices=("401.001", "400.003.01"),
           defaults=_same("401.001"), mark=_X, source="reference 1.4, 3.11"),
    Option(name="qr_response", about="ResponseCode of the QR API: an AG_ id with the documentation's text, or 00",
           choices=("documentation", "00"), defaults=("documentation", "00", "00"), mark=_X, source="reference 6-21"),
    Option(name="organisation_info_code", about="ResponseCode of organisation info when it is found",
           choices=("4000", "0"), defaults=_same("4000"), mark=_X, source="reference 6-24"),
    Option(name="hakikisha_unknown_status", about="HTTP status of B2C Hakikisha for an unknown customer",
           choices=("200", "400"), defaults=_same("200"), mark=_X, source="reference 3.19"),
    Option(name="bill_manager_app_key", about="whether Bill Manager wants the key of the opt-in in a header",
           choices=("ignore", "require"), defaults=_same("ignore"), mark=_X, source="reference 3.13"),
    Option(name="bill_manager_refusal_status", about="HTTP status of an answer whose rescode is 404 or 409",
           choices=("200", "as_rescode"), defaults=_same("200"), mark=_A, source="reference 7 has 409 in rescode"),
    Option(name="ratiba_generation", about="whose TransactionType and Frequency Ratiba takes",
           choices=("both", "2025-12", "2026-08"), defaults=_same("both"), mark=_X, source="reference 6-23"),
    Option(name="bill_manager_push_attempts", about="how often a payment push is sent until it is accepted",
           defaults=_same("5"), mark=_D, source="reference 3.13"),
    Option(name="oauth_wrong_credentials", about="the answer to an unknown key or secret",
           choices=("empty_400", "400.008.01", "empty_401"), defaults=_same("empty_400"), mark=_X,
           source="reference 6-5"),
    Option(name="empty_key_pair", about="an empty consumer key with an empty secret, where any other pair is taken",
           choices=("refuse", "accept"), defaults=_same("refuse"), mark=_A, source="none; assumed"),
    Option(name="wrong_method", about="the answer to a wrong HTTP method", choices=("405.001", "404.001.04"),
           defaults=_same("405.001"), mark=_X, source="reference 1.4, 2.2"),
    Option(name="max_amount", about="the largest amount of one transaction, shillings", defaults=_same("250000"),
           mark=_X, source="reference 6-7"),
    Option(name="phone_as_string", about="PhoneNumber sent as a JSON string", choices=("accept", "silent_1037"),
           defaults=_same("accept"), mark=_X, source="reference 6-8"),
    Option(name="long_reference", about="AccountReference above 12 or TransactionDesc above 13 characters",
           choices=("accept", "refuse"), defaults=_same("accept"), mark=_X, source="reference 6-9"),
    Option(name="transaction_desc", about="whether TransactionDesc may be left out", choices=("required", "optional"),
           defaults=_same("required"), mark=_X, source="reference 6-10"),
    Option(name="callback_url_words", about="a word such as mpesa in the CallBackURL of an STK push",
           choices=("accept", "refuse"), defaults=_same("accept"), mark=_X, source="reference 1.9"),
    Option(name="loopback_callback_url", about="localhost in the CallBackURL: Daraja refuses it, a fake must be usable",
           choices=("accept", "refuse"), defaults=_same("accept"), mark=_O, source="reference 1.9; on purpose"),
    Option(name="query_unknown_id", about="the query of an id that is not known",
           choices=("by_form", "400.002.02", "500.001.1001"), defaults=_same("by_form"), mark=_X,
           source="reference 6-11"),
    Option(name="query_too_early_s", about="how long after the push the query says Invalid CheckoutRequestID",
           defaults=("2", "2", "2"), mark=_X, source="reference 6-11"),
    Option(name="in_flight_request_id", about="requestId of a query that is refused while the payment is in flight",
           choices=("own", "checkout_request_id"), defaults=_same("own"), mark=_O,
           source="reference 3.2; a sandbox log of April 2025"),
    Option(name="in_flight", about="the query of a payment in flight",
           choices=("mix", "4999", "processing", "empty"), defaults=("mix", "4999", "mix"), mark=_X,
           source="reference 6-12"),
    Option(name="query_description", about="spelling of the query's ResponseDescription",
           choices=("successfully", "successsfully"), defaults=("successfully", "successsfully", "successsfully"),
           mark=_O, source="reference 3.2"),
    Option(name="queries_per_minute", about="STK queries an app may make in a minute, evenly spaced; 0: no limit",
           defaults=("0", "5", "0"), mark=_O, source="reference 1.11"),
    Option(name="pushes_per_minute", about="STK pushes an app may make in a minute, evenly spaced; 0: no limit",
           defaults=_same("0"), mark=_A, source="none; assumed, reference 6-33"),
    Option(name="tokens_per_minute", about="tokens an app may ask for in a minute, evenly spaced; 0: no limit",
           defaults=_same("0"), mark=_A, source="none; assumed, reference 6-33"),
    Option(name="rate_limit_shape", about="the refusal above such a limit: the gateway's envelope, or Daraja's own",
           choices=("gateway", "api_500", "api_429"), defaults=_same("gateway"), mark=_X, source="reference 1.11, 2.2"),
    Option(name="rate_limit_retry_after_s", about="Retry-After of such a refusal; 0: no such header, as seen live",
           defaults=_same("0"), mark=_O, source="reference 1.11"),
    Option(name="wording", about="which wording of the result texts", choices=("usual", "sandbox-2026", "classic-2021"),
           defaults=("usual", "sandbox-2026", "usual"), mark=_O, source="reference 3.1, 6-13"),
    Option(name="balance_item", about="the Balance item without a Value in the callback", choices=("absent", "empty"),
           defaults=_same("absent"), mark=_O, source="reference 6-14"),
    Option(name="callback_phone", about="PhoneNumber in the callback", choices=("full", "masked"),
           defaults=_same("full"), mark=_X, source="reference 6-15"),
    Option(name="callback_amount", about="Amount in the callback: 1, 1.0 or 1.00",
           choices=("integer", "one_decimal", "two_decimals"), defaults=_same("integer"), mark=_O,
           source="reference 3.1"),
    Option(name="metadata_form", about="CallbackMetadata.Item: all items, or the receipt as a bare object",
           choices=("list", "single_object"), defaults=_same("list"), mark=_X, source="reference 1.6"),
    Option(name="callback_retries", about="how often a callback that was not answered 200 is sent again",
           defaults=_same("0"), mark=_X, source="reference 6-16"),
    Option(name="callback_retry_gap_s", about="time between such retries", defaults=_same("30"), mark=_A,
           source="none; assumed"),
    Option(name="callback_timeout_s", about="how long the merchant may take to answer a callback",
           defaults=_same("30"), mark=_A, source="reference 6-17"),
    Option(name="callback_short_code_header", about="the header Businessshortcode of the callback",
           choices=("on", "off"), defaults=_same("on"), mark=_O, source="reference 1.9"),
    Option(name="id_fraction_digits", about="digits of the second's fraction in a CheckoutRequestID",
           choices=("1", "3"), defaults=("1", "1", "3"), mark=_O, source="reference 6-36"),
    Option(name="id_clock_ahead_s", about="how far the time in a CheckoutRequestID runs ahead of the clock, seconds",
           defaults=_same("0"), mark=_O, source="reference 9; 0 to 111 s in a sandbox log of April 2025"),
    Option(name="request_id_style", about="form of MerchantRequestID and requestId", choices=("current", "classic"),
           defaults=_same("current"), mark=_O, source="reference 1.5"),
    Option(name="subscriber_lock", about="a second push while the phone's first prompt is open",
           choices=("refuse", "result_1001", "off"), defaults=_same("refuse"), mark=_D, source="reference 3.1"),
    Option(name="same_amount", about="the same amount to the same phone within two minutes",
           choices=("result_17", "accept"), defaults=_same("result_17"), mark=_D, source="reference 3.1, 4"),
    Option(name="daily_limit", about="what one phone may pay in a day (EAT), shillings", defaults=_same("500000"),
           mark=_D, source="reference 4"),
    Option(name="test_number", about="254708374149: answered like any other phone, or by nobody (1037)",
           choices=("answers", "never_answers"), defaults=("answers", "never_answers", "answers"), mark=_O,
           source="reference 1.8"),
    Option(name="ordinary_phones", about="phones other than the test number", choices=("ring", "bad_debt"),
           defaults=_same("ring"), mark=_X, source="reference 6-20"),
    Option(name="outcome_after_s", about="when an ordinary payment is done, seconds after the acknowledgement",
           defaults=_same("1"), mark=_A, source="reference 3.1 measured 5 to 40 s; compressed"),
    Option(name="transaction_date_skew_s", about="how much earlier than the clock TransactionDate says it was",
           defaults=_same("0"), mark=_O, source="reference 3.1"),
    Option(name="result_types", about="ResultType and ResultCode of results: numbers as seen live, or text",
           choices=("live", "text"), defaults=_same("live"), mark=_O, source="reference 3.0"),
    Option(name="internal_results_url", about="Safaricom's internal address in ReferenceData: of sandbox or production",
           choices=("sandbox", "production", "production_https"), defaults=("sandbox", "sandbox", "production"),
           mark=_O, source="reference 3.0"),
    Option(name="b2c_parameters", about="order of the parameters of a B2C result",
           choices=("amount_first", "receiver_first"), defaults=_same("amount_first"), mark=_O, source="reference 3.4"),
    Option(name="stk_c2b_confirmation", about="an STK payment to a short code with C2B URLs is confirmed there as well",
           choices=("on", "off"), defaults=_same("on"), mark=_X, source="reference 3.1, 6-32"),
    Option(name="c2b_product", about="the version of the C2B product that the app has; calls of another are refused",
           choices=("any", "v1", "v2"), defaults=_same("any"), mark=_O, source="reference 3.3"),
    Option(name="c2b_simulate", about="whether a C2B payment can be simulated; production has no such API",
           choices=("on", "off"), defaults=("on", "on", "off"), mark=_D, source="reference 3.3"),
    Option(name="c2b_register_again", about="a second registration of C2B URLs: the last one holds, or it is refused",
           choices=("replace", "refuse"), defaults=("replace", "replace", "refuse"), mark=_D, source="reference 3.3"),
    Option(name="c2b_register_ack", about="the answer to a registration of C2B URLs",
           choices=("usual", "empty_ids", "description_only", "eight_zeros"), defaults=_same("usual"), mark=_O,
           source="reference 3.3"),
    Option(name="c2b_response_type", about="ResponseType of a registration: one of two words, or any text",
           choices=("exact", "free_text"), defaults=_same("exact"), mark=_O, source="reference 3.3"),
    Option(name="c2b_url_words", about="a word such as mpesa in a C2B URL", choices=("refuse", "accept"),
           defaults=_same("refuse"), mark=_D, source="reference 1.9, 2.2"),
    Option(name="c2b_validation", about="external validation: of the short codes that have it switched on, or of all",
           choices=("by_organisation", "all"), defaults=_same("by_organisation"), mark=_D, source="reference 3.3"),
    Option(name="c2b_validation_timeout_s", about="how long the merchant may take to answer a C2B validation",
           defaults=_same("8"), mark=_D, source="reference 3.3"),
    Option(name="c2b_msisdn", about="MSISDN in C2B messages: 2547 ***** 126, a SHA-256, the number, or 25470****149",
           choices=("masked", "hashed", "full", "masked_2019"), defaults=("masked", "masked", "hashed"), mark=_X,
           source="reference 3.3, 6-29"),
    Option(name="c2b_names", about="MiddleName and LastName of a confirmation: empty, absent, both in turn, or given",
           choices=("mix", "empty", "missing", "full"), defaults=_same("mix"), mark=_X, source="reference 3.3, 6-30"),
    Option(name="c2b_till_type", about="TransactionType of a payment to a till",
           choices=("Buy Goods", "Customer Merchant Payment"),
           defaults=("Buy Goods", "Buy Goods", "Customer Merchant Payment"), mark=_X, source="reference 3.3"),
    Option(name="pull_register_keys", about="keys of the answer to a pull registration: with blanks or without",
           choices=("plain", "spaced"), defaults=_same("plain"), mark=_X, source="reference 3.12, 6-22"),
    Option(name="pull_page_size", about="how many rows one pull query gives; 0: all of them", defaults=_same("100"),
           mark=_A, source="reference 3.12: not stated; the example steps by 100"),
    Option(name="bonga_rate", about="what a Bonga point is worth, shillings", defaults=_same("0.2"), mark=_A,
           source="none; assumed"),
    Option(name="result_desc_stop", about="the full stop at the end of ResultDesc in results",
           choices=("on", "off"), defaults=_same("on"), mark=_O, source="reference 3.0"),
    Option(name="status_result", about="form of a transaction status: as seen live, or as in the documentation",
           choices=("live", "documentation"), defaults=_same("live"), mark=_O, source="reference 3.8"),
    Option(name="balance_result", about="form of an account balance: as seen live, or as in the documentation",
           choices=("live", "documentation"), defaults=_same("live"), mark=_O, source="reference 3.9"),
    Option(name="b2b_result", about="form of a B2B success: as seen live, or as in the documentation",
           choices=("live", "documentation"), defaults=_same("live"), mark=_O, source="reference 3.6"),
    Option(name="b2b_failure", about="form of a B2B failure: each code as it was captured, or one form for all",
           choices=("as_captured", "plain", "references", "single_parameter"), defaults=_same("as_captured"), mark=_O,
           source="reference 1.6, 3.6"),
    Option(name="b2b_till_identifier", about="RecieverIdentifierType of tills: 4 or 2, or 2 alone",
           choices=("any", "2"), defaults=("any", "any", "2"), mark=_X, source="reference 6-18"),
    Option(name="reversal_identifier", about="RecieverIdentifierType of a reversal: 11 alone, or any; clients send 4",
           choices=("11", "any"), defaults=_same("11"), mark=_A,
           source="reference 3.10 says 11; what another one is answered is assumed"),
    Option(name="b2c_own_id", about="whether B2C version 3 and B2Pochi need OriginatorConversationID",
           choices=("required", "optional"), defaults=_same("required"), mark=_A,
           source="reference 3.4 lists it; what its absence is answered is assumed"),
    Option(name="whole_amounts", about="an amount such as 10.0, 1e1 or 10.00 as text, whole all the same",
           choices=("refuse", "accept"), defaults=_same("refuse"), mark=_A,
           source="reference 3.1 refuses decimals; none says whether zeros count"),
    Option(name="stk_query_v2", about="`/mpesa/stkpushquery/v2/query`, which public clients call: as version 1, or 404",
           choices=("off", "on"), defaults=_same("off"), mark=_A, source="none; assumed"),
    Option(name="opening_working", about="what an organisation has on its working account at the start, shillings",
           defaults=_same("1000000"), mark=_A, source="none; assumed"),
    Option(name="opening_utility", about="what an organisation has on its utility account at the start, shillings",
           defaults=_same("1000000"), mark=_A, source="none; assumed"),
    Option(name="edge_cookies", about="the edge's cookies on every answer", choices=("off", "on"),
           defaults=("off", "on", "off"), mark=_O, source="reference 1.2"),
)  # fmt: skip

BY_NAME: Final[Mapping[str, Option]] = MappingProxyType({row.name: row for row in OPTIONS})


_CLASSIC: Final[Mapping[str, str]] = MappingProxyType({
    "balance_item": "empty",
    "callback_amount": "two_decimals",
    "wording": "classic-2021",
    "request_id_style": "classic",
    "id_fraction_digits": "3",
    "in_flight": "processing",
})  # fmt: skip

_HOSTILE: Final[Mapping[str, str]] = MappingProxyType({
    "new_token_cancels_old": "on",
    "invalid_token_status": "404",
    "oauth_wrong_credentials": "empty_400",
    "phone_as_string": "silent_1037",
    "long_reference": "refuse",
    "callback_url_words": "refuse",
    "query_unknown_id": "500.001.1001",
    "in_flight": "empty",
    "queries_per_minute": "5",
    "balance_item": "empty",
    "callback_phone": "masked",
    "callback_amount": "two_decimals",
    "callback_retries": "3",
    "callback_short_code_header": "off",
    "transaction_date_skew_s": "10800",
    "edge_cookies": "on",
})  # fmt: skip
"""Every conflict resolved the way that hurts most. `metadata_form` is left out: without an amount nobody can pay."""

PRESETS: Final[Mapping[str, tuple[Profile, Mapping[str, str]]]] = MappingProxyType({
    "sandbox-2026": (Profile.SANDBOX_OBSERVED, {}),
    "production-2026": (Profile.PRODUCTION_OBSERVED, {}),
    "classic-2021": (Profile.DOCUMENTED, _CLASSIC),
    "hostile": (Profile.DOCUMENTED, _HOSTILE),
})  # fmt: skip
"""Names of reference 6.1 that are a profile under another name, or one with some switches turned."""

PROFILES: Final = (*map(str, Profile), *PRESETS)
"""Every name that `--profile` takes, in the order in which they are listed."""


class Options:
    """The switches of one simulator: every name has a value."""

    def __init__(self, profile: Profile = Profile.DOCUMENTED, overrides: Mapping[str, str] | None = None) -> None:
        """Take the profile's defaults, then the overrides.

        Raises:
            OptionError: a name or a value that does not exist.
        """
        self.profile = profile
        self._values = {row.name: row.default(profile) for row in OPTIONS}
        for name, value in (overrides or {}).items():
            if name not in BY_NAME:
                hint = did_you_mean(name, BY_NAME) or f"known are {', '.join(sorted(BY_NAME))}"
                raise OptionError(f"option {name!r} does not exist; {hint}")
            self._values[name] = BY_NAME[name].check(value)

    def text(self, name: str) -> str:
        """The value as it is written."""
        return self._values[name]

    def number(self, name: str) -> float:
        """The value of a number."""
        return float(self._values[name])

    def says(self, name: str, value: str) -> bool:
        """Whether the switch has this value."""
        return self._values[name] == value

    def to_dict(self) -> dict[str, str]:
        """All switches, by name."""
        return dict(self._values)
