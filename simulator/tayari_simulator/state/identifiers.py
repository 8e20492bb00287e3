"""Identifiers and receipts in the forms of the real thing (reference 1.5): seeded, and unique at any rate."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from tayari_simulator.state.behaviour import Uniform

EAT: Final = timezone(timedelta(hours=3), "EAT")
"""East Africa Time, without daylight saving."""

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PAIRS: Final = tuple(first + second for first in _DIGITS for second in _DIGITS)
_RECEIPTS: Final = 36**7
_STRIDE: Final = 48_271_234_567
"""Coprime to 36, so that stepping by it visits every tail once before any comes again."""
_ODD: Final = 0x9E3779B97F4A7C15
"""Odd, so that multiples of it differ for every number below 2 to the 64."""
_TWO_DAYS_S: Final = 172_800
_A_SECOND: Final = 2**18
"""Steps of the receipts that belong to each second of two days: a later start begins beyond every earlier one."""


def eat_day(now_s: float) -> int:
    """The number of the day in EAT to which this second belongs."""
    return int(now_s + 3 * 3600) // 86_400


def day_letters(when: datetime) -> str:
    """The three first characters of a receipt: year (N is 2019), month (A is January), day (1-9, then A is 10)."""
    return chr(65 + (when.year - 2006) % 26) + chr(64 + when.month) + _DIGITS[when.day]


class ClockSecond:
    """One second of the clock in the forms that identifiers need; kept, as most calls share it."""

    __slots__ = ("conversation", "date_time", "day", "day_month", "dotted", "number")

    def __init__(self, second: int) -> None:
        when = datetime.fromtimestamp(second, EAT)
        self.date_time = int(f"{when:%Y%m%d%H%M%S}")
        self.conversation = f"AG_{when:%Y%m%d}_2010"
        self.day_month = f"{when:%d%m%Y%H%M%S}"
        self.dotted = f"{when:%d.%m.%Y %H:%M:%S}"
        self.day = day_letters(when)
        self.number = second


_second_of: Final = lru_cache(maxsize=256)(ClockSecond)
"""Status queries need the text of past seconds: each takes ten microseconds to make."""


class Ids:
    """A source of identifiers. Two with the same seed that began in the same second draw the same ones."""

    def __init__(
        self, uniform: Uniform, *, fraction_digits: int = 1, classic: bool = False, ahead_s: float = 0.0
    ) -> None:
        self._uniform = uniform
        self._fraction = fraction_digits
        self._classic = classic
        self._ahead_s = ahead_s
        self._node, self._tail = _node(uniform)
        self._old_node = int(uniform() * 89_999)
        self._prefix = ""
        self._reference = ""
        self._began = 0
        self._counter = 10_000_000 + int(uniform() * 40_000_000)
        self._receipt = int(uniform() * _RECEIPTS)
        self._second = ClockSecond(0)
        self.begin(0)

    def begin(self, second: int) -> None:
        """Keep apart from what earlier processes with the same seed drew: `second` is when this one began."""
        self._began = second
        self._receipt = (self._receipt + second % _TWO_DAYS_S * _A_SECOND * _STRIDE) % _RECEIPTS
        self._reference = f"-{self._node}-{(self._tail + second) % 2**48:012x}"
        if self._classic:
            self._prefix = f"{10_000 + (self._old_node + second) % 89_999}-"
        else:
            self._prefix = f"{self._node}-{(self._tail + second) % 2**48:012x}"

    def request_id(self) -> str:
        """A `requestId` or `MerchantRequestID`: the gateway node's part, and a counter."""
        self._counter += 1
        if self._classic:
            return f"{self._prefix}{self._counter}-1"
        return f"{self._prefix}{self._counter}"

    def second(self, now_s: float) -> ClockSecond:
        """The second to which `now_s` (seconds since the epoch) belongs."""
        number = int(now_s)
        if self._second.number != number:
            self._second = _second_of(number)
        return self._second

    def checkout_request_id(self, now_s: float, msisdn: str) -> str:
        """`ws_CO_`, the time in EAT, a fraction of the second, and the last nine digits of the phone."""
        now_s += self._ahead_s
        second = self.second(now_s)
        fraction = now_s - second.number
        if self._fraction == 1:
            return f"ws_CO_{second.day_month}{int(fraction * 10)}{msisdn[-9:]}"
        return f"ws_CO_{second.day_month}{int(fraction * 1000):03d}{msisdn[-9:]}"

    @property
    def tick_s(self) -> float:
        """How far apart two pushes of one phone must be to get different ids."""
        return 10.0**-self._fraction

    def receipt(self, now_s: float) -> str:
        """An M-Pesa receipt: ten characters, the first three are the day."""
        self._receipt = number = (self._receipt + _STRIDE) % _RECEIPTS
        front, back = number // 46_656, number % 46_656
        pairs = f"{_PAIRS[front // 1296]}{_PAIRS[front % 1296]}{_PAIRS[back // 36]}"
        return f"{self.second(now_s).day}{pairs}{_DIGITS[back % 36]}"

    def conversation_id(self, now_s: float) -> str:
        """`AG_`, the day in EAT, and twenty hexadecimal digits."""
        self._counter += 1
        return f"{self.second(now_s).conversation}{(self._counter * _ODD + self._began) % 16**16:016x}"

    def placeholder(self, now_s: float) -> str:
        """A `TransactionID` where there is no transaction: the day and zeros. It is not a receipt."""
        return f"{self.second(now_s).day}0000000"

    def reference_id(self) -> str:
        """A UUID of version 4 in form: what some APIs call each answer by."""
        self._counter += 1
        return f"{(self._counter * _ODD) % 2**32:08x}{self._reference}"

    def token(self) -> str:
        """An access token: 28 letters and digits."""
        return "".join(_draw(self._uniform, 7, self._began) for _ in range(4))


def _draw(uniform: Uniform, length: int, began: int) -> str:
    number = (int(uniform() * 62**length) + began) % 62**length
    drawn = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        drawn.append(_LETTERS[rest])
    return "".join(drawn)


def _node(uniform: Uniform) -> tuple[str, int]:
    """The constant part of a gateway node's ids, a version-4 UUID without its first group: its groups, and the tail."""
    groups = [int(uniform() * 65536) for _ in range(3)]
    tail = int(uniform() * 2**48)
    return f"{groups[0]:04x}-4{groups[1] % 4096:03x}-{'89ab'[groups[2] % 4]}{groups[2] // 16:03x}", tail
