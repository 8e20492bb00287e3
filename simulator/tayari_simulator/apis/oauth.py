"""`GET /oauth/v1/generate`: a token for a consumer key and secret. Source: reference 1.3."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, Final
from urllib.parse import parse_qs

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.execution import apply_faults
from tayari_simulator.catalogue.errors import INVALID_AUTHENTICATION, INVALID_GRANT_TYPE, Refused
from tayari_simulator.state.behaviour import Behaviour, Call, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps

_PLAIN: Final = Behaviour(name="")
_GRANT_TYPES: Final = {"client_credentials"}
"""It may come twice with the same value, as one published client sends it. Source: none; assumed."""
NOBODY: Final = ("", "")
"""`Basic Og==`, from a merchant whose settings are missing: no app, even where any pair is one. That
Daraja answers it as it answers a wrong pair is assumed (option `empty_key_pair`)."""


def generate(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Answer a token request; `values` are the Authorization header (or None) and the query text.

    Raises:
        Refused: 400.008.02 wrong grant type, 400.008.01 not Basic.
    """
    authorization, query = values
    play = None if state.choose is None else state.choose.for_endpoint(Call.OAUTH)
    if play is None:
        return _issue(state, exchange, authorization, query, _PLAIN)
    behaviour = play.behaviour
    exchange.scenario = behaviour.name

    def decide() -> Reply:
        return _issue(state, exchange, authorization, query, behaviour)

    return apply_faults(play, Call.OAUTH, state, exchange.at_s, decide)


def _issue(
    state: DarajaState, exchange: JournalExchange, authorization: str | None, query: str, behaviour: Behaviour
) -> Reply:
    if set(parse_qs(query).get("grant_type", ())) != _GRANT_TYPES:
        raise Refused(INVALID_GRANT_TYPE, note=f"the query is {query!r}"[:200])
    app = _credentials(authorization)
    if app is None:
        raise Refused(INVALID_AUTHENTICATION, note="the Authorization header is not Basic base64(key:secret)")
    if app == NOBODY and state.options.says("empty_key_pair", "refuse"):
        return _wrong_credentials(state, exchange, "the consumer key and the secret are empty")
    if not state.business.knows_app(*app):
        return _wrong_credentials(state, exchange, "the consumer key or secret is not the configured one")
    lifetime_s = behaviour.token_expires_in_s
    advertised = int(state.options.number("token_lifetime_s")) - 1 if lifetime_s is None else lifetime_s
    token = state.tokens.issue(
        state.ids.token(),
        app=app[0],
        expires_s=exchange.at_s + (advertised + 1 if lifetime_s is None else lifetime_s),
        cancel_old=state.options.says("new_token_cancels_old", "on"),
    )
    as_type = behaviour.token_expires_in_as or state.options.text("expires_in_type")
    expires_in = advertised if as_type == "number" else str(advertised)
    return Reply(200, dumps({"access_token": token.text, "expires_in": expires_in}))


def consumer_key(authorization: str | None) -> str:
    """The app that asks, by its key; empty when the header names none."""
    return (_credentials(authorization) or ("", ""))[0]


def _credentials(authorization: str | None) -> tuple[str, str] | None:
    """Key and secret of a Basic header; None when it is not one."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, colon, secret = b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (key, secret) if colon else None


def _wrong_credentials(state: DarajaState, exchange: JournalExchange, note: str) -> Reply:
    exchange.note = note
    answer = state.options.text("oauth_wrong_credentials")
    if answer == "400.008.01":
        raise Refused(INVALID_AUTHENTICATION, note=exchange.note)
    return Reply(400 if answer == "empty_400" else 401, b"")
