"""One message of each kind of transaction: what a scenario's `mutate` is tried on when its file is read."""

from __future__ import annotations

from functools import cache
from random import Random

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.execution import message_of
from tayari_simulator.apis.core.organisations import Business
from tayari_simulator.apis.registry import ENDPOINTS, TRANSACTIONS
from tayari_simulator.catalogue.options import Options
from tayari_simulator.config import SANDBOX_PASSKEY, SANDBOX_SHORT_CODE
from tayari_simulator.state.behaviour import Call

_MSISDN = "254708374149"
_NOW_S = 1_791_372_903.2
_FULLEST = {"c2b_names": "full"}
"""Switches under which a message has every key that it can have."""


@cache
def sample_message(call: str, name: str = Call.CALLBACK, *, success: bool) -> bytes:
    """A message of this kind of transaction, by its name; of an STK push where the call makes none."""
    options = Options(overrides=_FULLEST)
    business = Business(short_code=SANDBOX_SHORT_CODE, passkey=SANDBOX_PASSKEY)
    state = DarajaState(business, options, uniform=Random(1).random, choose=None)
    state.lifecycles = {row.name: row.lifecycle(options) for row in ENDPOINTS if row.lifecycle is not None}
    kind = call if call in TRANSACTIONS else Call.STK_PUSH
    transaction = state.lifecycles[kind].example(state, _MSISDN, 1, "http://127.0.0.1/", _NOW_S)
    named = state.lifecycles[kind].messages().get(name)
    if named is not None:
        return named(state, transaction, _NOW_S)
    return message_of(state, transaction, 0 if success else 1, _NOW_S)
