"""The table of faults: the name in a scenario file, the dataclass whose fields are its parameters, and its source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.faults.ack_late import AckLate
from tayari_simulator.faults.ack_lost import AckLost
from tayari_simulator.faults.ack_refused import AckRefused
from tayari_simulator.faults.ack_without_id import AckWithoutId
from tayari_simulator.faults.api_error import ApiError
from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.before_ack import BeforeAck
from tayari_simulator.faults.delay import Delay
from tayari_simulator.faults.drop import Drop
from tayari_simulator.faults.duplicate import Duplicate
from tayari_simulator.faults.empty_body import EmptyBody
from tayari_simulator.faults.forge import Forge
from tayari_simulator.faults.gateway_fault import GatewayFault
from tayari_simulator.faults.hang import Hang
from tayari_simulator.faults.html import Html
from tayari_simulator.faults.huge_callback import HugeCallback
from tayari_simulator.faults.late_failure import LateFailure
from tayari_simulator.faults.malformed_callback import MalformedCallback
from tayari_simulator.faults.malformed_json import MalformedJson
from tayari_simulator.faults.mutate import Mutate
from tayari_simulator.faults.refuse import Refuse
from tayari_simulator.faults.reorder import Reorder
from tayari_simulator.faults.reset import Reset
from tayari_simulator.faults.revoke_tokens import RevokeTokens
from tayari_simulator.faults.slow import Slow
from tayari_simulator.faults.slow_body import SlowBody
from tayari_simulator.faults.token_life import TokenLife
from tayari_simulator.faults.truncate import Truncate
from tayari_simulator.faults.wrong_content_type import WrongContentType
from tayari_simulator.faults.wrong_method import WrongMethod

_D, _O, _X, _A = Mark.DOCUMENTED, Mark.OBSERVED, Mark.DISPUTED, Mark.ASSUMED

_ROWS: Final[tuple[tuple[str, type[TableFault], Mark, str], ...]] = (
    ("api_error", ApiError, _D,
     "reference 2.2; each error has a mark of its own; another status or Retry-After is assumed"),
    ("gateway_fault", GatewayFault, _O,
     "reference 1.10, 1.11; another status is by reference 1.10, Retry-After is assumed"),
    ("html", Html, _O, "reference 1.10"),
    ("refuse", Refuse, _A, "none; what networks do"),
    ("reset", Reset, _A, "none; what networks do"),
    ("hang", Hang, _A, "none; what networks do"),
    ("slow", Slow, _A, "none; what networks do"),
    ("slow_body", SlowBody, _A, "none; what networks do"),
    ("truncate", Truncate, _A, "none; what networks do"),
    ("malformed_json", MalformedJson, _A, "none; what proxies do"),
    ("empty_body", EmptyBody, _O, "reference 1.3: the empty 400 of OAuth; on other calls assumed"),
    ("wrong_content_type", WrongContentType, _A, "none; what proxies do"),
    ("ack_lost", AckLost, _O, "reference 2.2: after a gateway timeout the outcome is unknown"),
    ("ack_late", AckLate, _A, "none; what networks do"),
    ("ack_refused", AckRefused, _A,
     "reference 6-37: a documented possibility without a sample; its wording is assumed"),
    ("ack_without_id", AckWithoutId, _A, "reference 5.3 A03: engineering judgement, no capture"),
    ("token_life", TokenLife, _D, "reference 1.3"),
    ("revoke_tokens", RevokeTokens, _X, "reference 1.3, 6-3: whether a new token cancels the old is disputed"),
    ("drop", Drop, _O, "reference 1.9: callbacks are lost and not sent again"),
    ("duplicate", Duplicate, _X, "reference 1.9, 6-16: sources disagree on retries"),
    ("delay", Delay, _O, "reference 1.9"),
    ("reorder", Reorder, _A, "none; nothing promises an order between payments"),
    ("before_ack", BeforeAck, _O, "reference 1.9 (order)"),
    ("mutate", Mutate, _O, "reference 1.6, 3.1: the types and items that were seen; other changes are assumed"),
    ("forge", Forge, _A, "reference 1.9: callbacks carry no signature, so that anybody can send one"),
    ("malformed_callback", MalformedCallback, _A, "none; no capture is known"),
    ("huge_callback", HugeCallback, _A, "none; what an attacker does"),
    ("late_failure", LateFailure, _A, "none; a message after the fact"),
    ("wrong_method", WrongMethod, _A, "none; what scanners and proxies do"),
)  # fmt: skip
"""Name, fault, and from where it is known that it happens, or that nothing is known and it is assumed."""

FAULTS: Final[Mapping[str, type[TableFault]]] = MappingProxyType({name: kind for name, kind, _, _ in _ROWS})
SOURCES: Final = MappingProxyType({name: (mark, source) for name, _, mark, source in _ROWS})
