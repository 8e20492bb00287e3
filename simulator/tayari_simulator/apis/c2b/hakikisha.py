"""C2B Hakikisha: Safaricom asks a partner whose account a number is. The partner is the server. Source: reference 3.20.

First a token is fetched from the partner with Basic credentials, then the account is asked for with it. How the token
is fetched and carried is not documented: assumed as at Daraja itself.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any, Final

import orjson

from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.exchange import dumps
from tayari_simulator.state.identifiers import EAT

REFUSALS: Final = (400, 401, 422)
"""The statuses with which a partner may refuse. Source: reference 3.20."""
ASKED: Final = ("requestId", "timestamp", "accountNumber", "shortcode")
"""What is asked, in its order; the partner repeats it and adds `accountName`."""


def token_request(url: str, key: str, secret: str, now_s: float) -> Delivery:
    """The call that fetches a token."""
    basic = b64encode(f"{key}:{secret}".encode()).decode()
    return Delivery(
        now_s, url, b"", "", "", method="GET", headers=(("Authorization", f"Basic {basic}"),),
        note="C2B Hakikisha: token",
    )  # fmt: skip


def token_of(status: int | None, body: str) -> str:
    """The token of the partner's answer.

    Raises:
        ValueError: there is none; the message says what was found.
    """
    answer = _object(body) if status == 200 else None
    token = (answer or {}).get("access_token")
    if isinstance(token, str) and token and token.isascii() and token.isprintable():
        return token
    found = f"HTTP {status}" if status != 200 else "no access_token as one line of text"
    raise ValueError(f"the token endpoint answered {found}; expected HTTP 200 with a JSON object that has access_token")


def name_request(url: str, token: str, *, request_id: str, account: str, short_code: str, now_s: float) -> Delivery:
    """The question whose account it is."""
    stamp = f"{datetime.fromtimestamp(now_s, EAT):%Y%m%d%H%M%S}"
    body = dumps(dict(zip(ASKED, (request_id, stamp, account, short_code), strict=True)))
    return Delivery(
        now_s, url, body, "", "", headers=(("Authorization", f"Bearer {token}"),), note="C2B Hakikisha: account"
    )  # fmt: skip


def problems_of(status: int | None, body: str, asked: bytes) -> list[str]:
    """What is wrong with the partner's answer; empty: it names the account, or refuses as it may."""
    if status in REFUSALS:
        return []
    if status != 200:
        found = "no answer" if status is None else f"HTTP {status}"
        return [f"found {found}; expected HTTP 200, 400, 401 or 422"]
    answer = _object(body)
    if answer is None:
        return ["the body is not a JSON object"]
    sent = orjson.loads(asked)
    wrong = [
        f"{key} is {answer.get(key)!r}; expected {sent[key]!r}, as it was asked"
        for key in ASKED
        if answer.get(key) != sent[key]
    ]
    name = answer.get("accountName")
    if not isinstance(name, str) or not name.strip():
        wrong.append(f"accountName is {name!r}; expected the customer's name as text")
    return wrong


def account_name(status: int | None, body: str) -> str | None:
    """The name in the partner's answer; None: there is none."""
    name = (_object(body) or {}).get("accountName") if status == 200 else None
    return name if isinstance(name, str) else None


def _object(body: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
