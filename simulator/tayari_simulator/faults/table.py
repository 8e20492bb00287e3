"""The table of faults: the name in a scenario file, the dataclass whose fields are its parameters, and its source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.faults import acknowledgement_faults as acks
from tayari_simulator.faults import answer_faults as answers
from tayari_simulator.faults import message_faults as messages
from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.forge import Forge

_D, _O, _X, _A = Mark.DOCUMENTED, Mark.OBSERVED, Mark.DISPUTED, Mark.ASSUMED

_ROWS: Final[tuple[tuple[str, type[TableFault], Mark, str], ...]] = (
    ("api_error", answers.ApiError, _D,
     "reference 2.2; each error has a mark of its own; another status or Retry-After is assumed"),
    ("gateway_fault", answers.GatewayFault, _O,
     "reference 1.10, 1.11; another status is by reference 1.10, Retry-After is assumed"),
    ("html", answers.Html, _O, "reference 1.10"),
    ("refuse", answers.Refuse, _A, "none; what networks do"),
    ("reset", answers.Reset, _A, "none; what networks do"),
    ("hang", answers.Hang, _A, "none; what networks do"),
    ("slow", answers.Slow, _A, "none; what networks do"),
    ("slow_body", answers.SlowBody, _A, "none; what networks do"),
    ("truncate", answers.Truncate, _A, "none; what networks do"),
    ("malformed_json", answers.MalformedJson, _A, "none; what proxies do"),
    ("empty_body", answers.EmptyBody, _O, "reference 1.3: the empty 400 of OAuth; on other calls assumed"),
    ("wrong_content_type", answers.WrongContentType, _A, "none; what proxies do"),
    ("ack_lost", acks.AckLost, _O, "reference 2.2: after a gateway timeout the outcome is unknown"),
    ("ack_late", acks.AckLate, _A, "none; what networks do"),
    ("ack_refused", acks.AckRefused, _A,
     "reference 6-37: a documented possibility without a sample; its wording is assumed"),
    ("ack_without_id", acks.AckWithoutId, _A, "reference 5.3 A03: engineering judgement, no capture"),
    ("token_life", answers.TokenLife, _D, "reference 1.3"),
    ("revoke_tokens", answers.RevokeTokens, _X, "reference 1.3, 6-3: whether a new token cancels the old is disputed"),
    ("drop", messages.Drop, _O, "reference 1.9: callbacks are lost and not sent again"),
    ("duplicate", messages.Duplicate, _X, "reference 1.9, 6-16: sources disagree on retries"),
    ("delay", messages.Delay, _O, "reference 1.9"),
    ("reorder", messages.Reorder, _A, "none; nothing promises an order between payments"),
    ("before_ack", acks.BeforeAck, _O, "reference 1.9 (order)"),
    ("mutate", messages.Mutate, _O,
     "reference 1.6, 3.1: the types and items that were seen; other changes are assumed"),
    ("forge", Forge, _A, "reference 1.9: callbacks carry no signature, so that anybody can send one"),
    ("malformed_callback", messages.MalformedCallback, _A, "none; no capture is known"),
    ("huge_callback", messages.HugeCallback, _A, "none; what an attacker does"),
    ("late_failure", messages.LateFailure, _A, "none; a message after the fact"),
    ("wrong_method", messages.WrongMethod, _A, "none; what scanners and proxies do"),
)  # fmt: skip
"""Name, fault, and from where it is known that it happens, or that nothing is known and it is assumed."""

FAULTS: Final[Mapping[str, type[TableFault]]] = MappingProxyType({name: kind for name, kind, _, _ in _ROWS})
SOURCES: Final = MappingProxyType({name: (mark, source) for name, _, mark, source in _ROWS})
