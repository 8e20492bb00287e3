"""Phones that a person or a test controls by hand: their prompts wait for an answer, not for a scenario's outcome."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from tayari_simulator.state.behaviour import NO_DELAY, Behaviour, DelayDistribution, Fixed, Play, Step, Uniform
from tayari_simulator.state.transactions import Status, Transaction

BY_HANDSET: Final = "handset"
"""Says in a payment that a handset chose its behaviour; also the name of that behaviour."""
ANSWER: Final = "answer"
"""In a transaction's details: the result code of what the customer did with the prompt."""
FIRST_PIN: Final = "1234"
FIRST_BALANCE: Final = 5_000
"""Shillings of a handset whose number had no wallet."""
PINS_UNTIL_LOCKED: Final = 3
"""Wrong PINs in a row that lock the PIN (8006). The number is assumed."""
PROMPT_S: Final = 60.0
"""An unanswered prompt ends after this time. Measured for a phone out of reach (reference 3.1); assumed here."""
UNREACHABLE: Final = 1037
USSD_ERROR: Final = 4201
"""A USSD prompt that is not answered. The code is reference 3.14's; that it stands for this is assumed."""


class Language(StrEnum):
    """The language in which a phone shows its messages."""

    ENGLISH = "en"
    SWAHILI = "sw"


class Press(StrEnum):
    """What the customer does with a prompt."""

    PAY = "pay"
    """Enters the PIN."""
    WRONG_PIN = "wrong_pin"
    CANCEL = "cancel"
    NO_ANSWER = "no_answer"
    """Lets it time out; that comes at once instead of after `PROMPT_S`."""


@dataclass(frozen=True, slots=True)
class _OutOfReach:
    """The measured delays of 1037. Source: reference 3.1."""

    def draw(self, uniform: Uniform) -> float:
        return 26.0 + uniform() * 36.0


def _no_answer(name: str, after: DelayDistribution, code: int = UNREACHABLE) -> Behaviour:
    return Behaviour(name=name, steps=(Step(result_code=code, after=after),))


WAITS: Final = _no_answer(BY_HANDSET, Fixed(PROMPT_S))
"""The prompt is shown, and waits."""
NOT_REACHED: Final = _no_answer(f"{BY_HANDSET}/out-of-reach", _OutOfReach())
"""The prompt never gets to the phone."""
_USSD_WAITS: Final = _no_answer(f"{BY_HANDSET}/ussd", Fixed(PROMPT_S), USSD_ERROR)
_USSD_NOT_REACHED: Final = _no_answer(f"{BY_HANDSET}/ussd-out-of-reach", _OutOfReach(), USSD_ERROR)
BEHAVIOURS: Final = {row.name: row for row in (WAITS, NOT_REACHED, _USSD_WAITS, _USSD_NOT_REACHED)}


def prompt_play(handset: Handset) -> Play:
    """What a transaction plays when its prompt goes to this phone."""
    return Play(WAITS if handset.reachable else NOT_REACHED, chosen_by=BY_HANDSET)


def by_ussd(play: Play | None) -> Play | None:
    """The play of a handset whose prompt comes by USSD; any other play stays as it is."""
    if play is None or play.chosen_by != BY_HANDSET:
        return play
    return replace(play, behaviour=_USSD_WAITS if play.behaviour is WAITS else _USSD_NOT_REACHED)


def answered(code: int | str) -> Play:
    """What a transaction plays once its prompt is answered: this result, now."""
    steps = (Step(result_code=code, after=NO_DELAY),)
    return Play(Behaviour(name=BY_HANDSET, steps=steps), chosen_by=BY_HANDSET)


def waits(transaction: Transaction) -> bool:
    """Whether the prompt of a transaction waits for a handset's answer."""
    play = transaction.play
    return play is not None and play.behaviour in (WAITS, _USSD_WAITS) and transaction.status is Status.PROMPTED


@dataclass(slots=True, kw_only=True)
class Handset:
    """One phone that is controlled by hand."""

    msisdn: str
    pin: str = FIRST_PIN
    language: Language = Language.ENGLISH
    reachable: bool = True
    wrong_pins: int = 0
    """In a row."""
    balances: dict[str, int] = field(default_factory=dict)
    """What the wallet held after each of its last transactions, by id."""


class Handsets:
    """The phones that are held. `everyone`: every phone is held."""

    def __init__(self, *, everyone: bool = False) -> None:
        self.everyone = everyone
        self._held: dict[str, Handset] = {}

    def __bool__(self) -> bool:
        return self.everyone or bool(self._held)

    def find(self, msisdn: str) -> Handset | None:
        """The handset of this number, if it is held."""
        held = self._held.get(msisdn)
        return Handset(msisdn=msisdn) if held is None and self.everyone else held

    def hold(self, msisdn: str) -> Handset:
        """Control the phone of this number by hand."""
        return self._held.setdefault(msisdn, Handset(msisdn=msisdn))

    def release(self, msisdn: str) -> None:
        """Release the phone: scenarios answer its prompts again."""
        self._held.pop(msisdn, None)

    def all(self) -> tuple[Handset, ...]:
        """All handsets, in the order in which they were added."""
        return tuple(self._held.values())

    def clear(self) -> None:
        """Release every phone."""
        self._held.clear()
