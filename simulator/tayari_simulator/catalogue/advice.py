"""Advice on each refusal: the words for the customer, in English and Swahili, and whether to try again.

Each row of `errors` and of `gateway_pages` names its own. The words are of a payment that could not be started; a
refused status query says nothing of the payment (`OF_QUERY`). The reference lists the refusals and says nothing of
customers: sentences and advice are this project's own, drawn from the rules T04, T06, A06 to A12 and Q02, Q03.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tayari_simulator.catalogue import customer_texts as say
from tayari_simulator.catalogue.customer_texts import Phrase

RETRY: Final[Mapping[str, str]] = MappingProxyType({
    "no": "another attempt changes nothing",
    "now": "a new attempt as soon as the customer asks for it",
    "after a wait": "a new attempt once the minutes that the words name have passed, with the customer's consent",
    "after fix": "only after somebody has fixed the cause",
    "after top-up": "when the customer has topped up, or for less",
    "tomorrow": "the limit is the day's",
    "new token": "drop the token, fetch a new one, send once more; after that it is a failure",
    "backoff": "again by itself, with growing gaps and an end",
    "ask first": "the outcome is not known: query before anything else",
    "poll": "query again, with growing gaps and an end",
})  # fmt: skip
"""What each word of `retry` means, of refusals and of result codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a merchant should make of one refusal; without words, no customer is concerned."""

    say_en: str
    say_sw: str
    retry: str

    @classmethod
    def of(cls, words: Phrase, retry: str) -> Advice:
        """The advice of these words, in both languages, and this word of `RETRY`."""
        return cls(say_en=words[0], say_sw=words[1], retry=retry)


OF_QUERY: Final = Advice.of(say.CHECKING, "poll")
"""Of any refusal that answers a status query. Source: rule Q03."""
