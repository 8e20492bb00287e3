"""What must be the same in all processes, and how they tell each other: revoked tokens, turns, timelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tayari_simulator.cluster.choosing import NodeSelector
from tayari_simulator.cluster.together import Together
from tayari_simulator.cluster.tokens import SignedTokens
from tayari_simulator.core.behaviour import Call


class Sharing:
    """One process's part in it."""

    def __init__(
        self, together: Together, tokens: SignedTokens, selector: NodeSelector, now_s: Callable[[], float]
    ) -> None:
        self._together = together
        self._tokens = tokens
        self._selector = selector
        self._now_s = now_s
        self._number: int | None = None
        selector.leads = lambda: together.leads
        selector.begins = lambda name, began_s: together.tell_soon("timeline", [name, began_s])
        together.answers["tokens"] = tokens.learn
        together.answers["claim"] = self._claim
        together.answers["unclaim"] = self._unclaim
        together.answers["timeline"] = self._begun

    @property
    def news(self) -> bool:
        """Whether the others must be told before anything else is answered."""
        return self._tokens.news

    async def spread(self) -> None:
        """Tell all others what was revoked; afterwards the old tokens are dead everywhere."""
        self._tokens.news = False
        await self._together.tell_all("tokens", self._tokens.state())

    def must_ask(self, call: Call) -> bool:
        """Whether this endpoint's calls are counted over all processes now, and not here."""
        return self._selector.shared(call) and not self._together.leads

    async def ask(self, call: Call) -> None:
        """Ask for a turn. The call must be answered before anything else happens in this process."""
        told: Any = await self._together.ask_lead("claim", call)
        if told is not None:
            self._selector.grant(call, told)
            self._number = told.get("number")

    def give_back(self, call: Call) -> None:
        """After the call: a turn that was not used is another's."""
        serial = self._selector.unused(call, self._number)
        if serial is not None:
            self._together.tell_soon("unclaim", [call, serial], only=self._together.table.lead)

    def _claim(self, told: Any) -> Any:
        return self._selector.claim(Call(told), self._now_s())

    def _unclaim(self, told: Any) -> None:
        call, serial = told
        self._selector.unclaim(Call(call), serial)

    def _begun(self, told: Any) -> None:
        name, began_s = told
        self._selector.begun_elsewhere(name, began_s)
