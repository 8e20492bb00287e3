"""The table of faults: the name in a scenario file, and the dataclass whose fields are its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
