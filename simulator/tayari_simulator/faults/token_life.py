"""`token_life`: how long the next token lives, and how its life is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Behaviour, Call
from tayari_simulator.strict_reading import Count


class Written(StrEnum):
    """The two forms of `expires_in`."""

    STRING = "string"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class TokenLife(TableFault):
    """Issue tokens that live `expires_in` seconds (default: the profile's), written as text or as a number."""

    expires_in: Count | None = None
    as_: Written | None = None
    calls = frozenset({Call.OAUTH})

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        """Tell the token endpoint, which alone can make a token."""
        return replace(behaviour, token_expires_in_s=self.expires_in, token_expires_in_as=self.as_)
