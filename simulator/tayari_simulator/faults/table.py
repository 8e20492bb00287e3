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

FAULTS: Final[Mapping[str, type[TableFault]]] = MappingProxyType({
    "api_error": ApiError,
    "gateway_fault": GatewayFault,
    "html": Html,
    "refuse": Refuse,
    "reset": Reset,
    "hang": Hang,
    "slow": Slow,
    "slow_body": SlowBody,
    "truncate": Truncate,
    "malformed_json": MalformedJson,
    "empty_body": EmptyBody,
    "wrong_content_type": WrongContentType,
    "ack_lost": AckLost,
    "ack_late": AckLate,
    "ack_refused": AckRefused,
    "ack_without_id": AckWithoutId,
    "token_life": TokenLife,
    "revoke_tokens": RevokeTokens,
    "drop": Drop,
    "duplicate": Duplicate,
    "delay": Delay,
    "reorder": Reorder,
    "before_ack": BeforeAck,
    "mutate": Mutate,
    "forge": Forge,
    "malformed_callback": MalformedCallback,
    "huge_callback": HugeCallback,
    "late_failure": LateFailure,
    "wrong_method": WrongMethod,
})  # fmt: skip

_D, _O, _X, _A = Mark.DOCUMENTED, Mark.OBSERVED, Mark.DISPUTED, Mark.ASSUMED

SOURCES: Final[Mapping[str, tuple[Mark, str]]] = MappingProxyType({
    "api_error": (_D, "reference 2.2; each error has a mark of its own; another status or Retry-After is assumed"),
    "gateway_fault": (_O, "reference 1.10, 1.11; another status is by reference 1.10, Retry-After is assumed"),
    "html": (_O, "reference 1.10"),
    "refuse": (_A, "none; what networks do"),
    "reset": (_A, "none; what networks do"),
    "hang": (_A, "none; what networks do"),
    "slow": (_A, "none; what networks do"),
    "slow_body": (_A, "none; what networks do"),
    "truncate": (_A, "none; what networks do"),
    "malformed_json": (_A, "none; what proxies do"),
    "empty_body": (_O, "reference 1.3: the empty 400 of OAuth; on other calls assumed"),
    "wrong_content_type": (_A, "none; what proxies do"),
    "ack_lost": (_O, "reference 2.2: after a gateway timeout the outcome is unknown"),
    "ack_late": (_A, "none; what networks do"),
    "ack_refused": (_A, "reference 6-37: a documented possibility without a sample; its wording is assumed"),
    "ack_without_id": (_A, "reference 5.3 A03: engineering judgement, no capture"),
    "token_life": (_D, "reference 1.3"),
    "revoke_tokens": (_X, "reference 1.3, 6-3: whether a new token cancels the old is disputed"),
    "drop": (_O, "reference 1.9: callbacks are lost and not sent again"),
    "duplicate": (_X, "reference 1.9, 6-16: sources disagree on retries"),
    "delay": (_O, "reference 1.9"),
    "reorder": (_A, "none; nothing promises an order between payments"),
    "before_ack": (_O, "reference 1.9 (order)"),
    "mutate": (_O, "reference 1.6, 3.1: the types and items that were seen; other changes are assumed"),
    "forge": (_A, "reference 1.9: callbacks carry no signature, so that anybody can send one"),
    "malformed_callback": (_A, "none; no capture is known"),
    "huge_callback": (_A, "none; what an attacker does"),
    "late_failure": (_A, "none; a message after the fact"),
    "wrong_method": (_A, "none; what scanners and proxies do"),
})  # fmt: skip
"""From where it is known that each fault happens, or that nothing is known and it is assumed."""
