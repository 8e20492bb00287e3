"""What one load run is asked to do: read once from Locust's options; workers get it from their master."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Self

from tayari_money.daraja_records import C2B
from tayari_money.payment_record import PaymentKind
from tayari_target.target_file.target_model import Merchant
from tayari_target.test_environment import TestEnvironment

from tayari_load.shapes import SHAPES, Shape

_OF_ANSWERS: Final = frozenset({"api_error", "ack_lost", "refuse"})
ORDINARY: Final = frozenset({"payment/success", "payout/success", "c2b/success"})
"""What happens without a scenario too."""
_KINDS: Final = {"payout": PaymentKind.PAYOUT, "c2b": PaymentKind.C2B_PAYMENT}
"""By the folder of a scenario; any other folder is about payments that the merchant asks for."""
_KEYS: Final = {
    PaymentKind.STK_PAYMENT: "merchant.pay",
    PaymentKind.PAYOUT: "merchant.payout with {msisdn}",
    PaymentKind.C2B_PAYMENT: "merchant.c2b with open_account and account",
}
"""What a target file needs for each kind."""


@dataclass(frozen=True, slots=True)
class LoadMix:
    """Scenario names and their weights; empty: everybody pays."""

    weights: tuple[tuple[str, float], ...] = ()

    def draws(self, seed: str) -> Iterator[str]:
        """An endless, repeatable sequence of scenario names; empty ones where nothing is mixed."""
        source = random.Random(seed)
        names, weights = zip(*(self.weights or (("", 1.0),)), strict=True)
        while True:
            yield source.choices(names, weights)[0]


def parse_mix(text: str) -> LoadMix:
    """`success=92,insufficient-funds=5,timeout=3`: names without a folder are those of `payment/`.

    Raises:
        ValueError: a part is no `name=weight`, a weight is no number above 0, or a name is there twice.
    """
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = (word.strip() for word in part.partition("="))
        full = name if "/" in name else f"payment/{name}"
        try:
            value = float(weight)
        except ValueError:
            value = 0.0
        if not name or not 0 < value < float("inf"):
            raise ValueError(f"{part!r}: expected name=weight with a weight above 0, such as insufficient-funds=5")
        if full in weights:
            raise ValueError(f"{name} is there twice")
        weights[full] = value
    return LoadMix(tuple(weights.items()))


DEFAULT_DURATION_S: Final = 60.0
SEARCH_IN_FLIGHT: Final = 500
MOST_PROBES: Final = 14
"""A search for the limit tries no more rates."""
IN_FLIGHT_S: Final = 15.0
"""Without a bound of its own, an open run has room for this many seconds of arrivals in flight."""


class PlanError(Exception):
    """An option makes no sense; the message says what to do."""


def kind_of(scenario: str) -> PaymentKind:
    """Which kind of money a scenario moves, by its folder."""
    return _KINDS.get(scenario.partition("/")[0], PaymentKind.STK_PAYMENT)


def described(merchant: Merchant) -> tuple[PaymentKind, ...]:
    """The kinds of money that the target file lets a load move; the first one is moved where nothing else is asked.

    Payouts to other organisations (B2B) are none of them: a load pays thousands, and the sandbox has a thousand.
    """
    has = {
        PaymentKind.STK_PAYMENT: merchant.takes_payments,
        PaymentKind.PAYOUT: merchant.payout is not None and not merchant.payout.pays_businesses,
        PaymentKind.C2B_PAYMENT: merchant.c2b is not None and merchant.c2b.can_be_followed,
    }
    return tuple(kind for kind, is_there in has.items() if is_there)


def kinds(mix: LoadMix, shape: str, merchant: Merchant) -> frozenset[PaymentKind]:
    """What the load asks of this merchant: payments, payouts, payments that customers begin, or several of these.

    Raises:
        PlanError: the mix asks for what the target file does not describe.
    """
    can = described(merchant)
    if not mix.weights:
        of_shape = SHAPES[shape or "steady"].kind
        wanted = of_shape if of_shape in can else next(iter(can), PaymentKind.STK_PAYMENT)
        return frozenset({wanted})
    asked = frozenset(kind_of(name) for name, _ in mix.weights)
    for kind in sorted(asked - set(can)):
        raise PlanError(f"--mix: {kind}s, and the target file has no {_KEYS[kind]}; add it, or leave these names out")
    return asked


def check_payable(name: str, scenario: Mapping[str, Any]) -> None:
    """A customer who pays in (C2B) can play this scenario, given as its file has it.

    Raises:
        PlanError: it is about another call, or a stranger takes part who knows the merchant's secret address.
    """
    endpoint = str((scenario.get("when") or {}).get("endpoint"))
    if endpoint != C2B:
        raise PlanError(f"--mix: {name} is about {endpoint}; customers who pay in (C2B) play scenarios of {C2B}")
    faults = {key for fault in scenario.get("faults") or () for key in fault}
    if "forge" in faults:
        raise PlanError(
            f"--mix: {name} sends a forged confirmation to the very URL that the merchant registered, and no stranger "
            f"knows that; `tayari gate {name}` sends it as a stranger could"
        )
    if faults & _OF_ANSWERS:
        raise PlanError(f"--mix: {name} is about the answer to a call, and customers who pay in (C2B) make none")


def unconfirmed_c2b(moved: Collection[PaymentKind], test_environment: TestEnvironment) -> str:
    """Why the merchant would hear of no payment that a customer begins; empty where it will. It is made to register."""
    if PaymentKind.C2B_PAYMENT not in moved or test_environment.c2b_urls() is not None:
        return ""
    return (
        f"customers would pay {test_environment.target.c2b_short_code} (C2B), and the merchant has registered no URLs, "
        "so that it would hear of no payment; `tayari doctor` shows why"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One run. Plain values, so that it can be sent."""

    rate: float | None = None
    """Arrivals per second of the open model; None: the closed model."""
    users: int | None = None
    """Of the closed model; None: as many as the target file's threshold."""
    in_flight: int | None = None
    """Bound of the open model."""
    shape: str = ""
    mix: str = ""
    duration_s: float = DEFAULT_DURATION_S
    abort_after_s: float | None = None
    """End early once a threshold has been missed for this time; None: never."""
    find_limit: bool = False

    @classmethod
    def read(cls, options: Any) -> Self:
        """Read the plan from Locust's parsed options, ours among them.

        Raises:
            PlanError: a shape or a mix that does not exist, or a combination without a meaning.
        """
        shape, rate = str(options.shape or ""), _rate(options.rate)
        if options.find_limit and rate is None:
            rate = 1.0
        check_words(shape=shape, mix=options.mix or "", rate=rate, find_limit=bool(options.find_limit))
        return cls(
            rate=rate,
            users=options.num_users,
            in_flight=int(options.in_flight) if options.in_flight else None,
            shape=shape,
            mix=options.mix or "",
            duration_s=float(options.run_time or DEFAULT_DURATION_S),
            abort_after_s=float(options.abort_after) if options.abort_after else None,
            find_limit=bool(options.find_limit),
        )

    @property
    def open(self) -> bool:
        """Whether the rate of arrivals is held, whatever the merchant does."""
        return self.rate is not None

    @property
    def row(self) -> Shape:
        """The shape; `steady` where none is named."""
        return SHAPES[self.shape or "steady"]

    @property
    def outcomes(self) -> LoadMix:
        """The outcome mix."""
        return parse_mix(self.mix)

    @property
    def most_in_flight(self) -> int:
        """How many payments of the open model may be in flight."""
        return self.in_flight or self.usual_in_flight

    @property
    def usual_in_flight(self) -> int:
        """The same where nobody asks for a number."""
        if self.find_limit:
            return SEARCH_IN_FLIGHT
        return min(2_000, max(10, ceil((self.rate or 1.0) * self.row.highest * IN_FLIGHT_S)))

    def rate_at(self, at_s: float) -> float:
        """Planned arrivals per second at this many seconds since the start."""
        return (self.rate or 0.0) * self.row.level_at(at_s, self.duration_s)

    def users_at(self, at_s: float, most: int) -> int:
        """Planned users of the closed model."""
        return max(1, round(most * self.row.level_at(at_s, self.duration_s) / self.row.highest))

    def disturbed(self, begin_s: float, end_s: float) -> bool:
        """Whether the shape disturbs Daraja between these two moments, in seconds since the start."""
        return any(begin <= end_s and begin_s < end for begin, end in self.row.windows(self.duration_s))


def check_words(*, shape: str, mix: str, rate: float | None, find_limit: bool = False) -> None:
    """Shape and mix exist, and mean something together with the rate.

    Raises:
        PlanError: what was found, and what was expected.
    """
    if shape and shape not in SHAPES:
        raise PlanError(f"--shape {shape!r}: expected one of {', '.join(SHAPES)}")
    if shape and find_limit:
        raise PlanError(f"--find-limit holds one even rate after the other: leave out --shape {shape}")
    try:
        parse_mix(mix)
    except ValueError as wrong:
        raise PlanError(f"--mix: {wrong}") from wrong
    if shape and SHAPES[shape].open_only and rate is None:
        raise PlanError(f"--shape {shape} needs arrivals that do not wait for the merchant: add --rate")


def _rate(given: object) -> float | None:
    if given in {None, "", 0}:
        return None
    try:
        rate = float(str(given))
    except ValueError as wrong:
        raise PlanError(f"--rate {given!r}: expected arrivals per second, such as 12.5") from wrong
    if not 0 < rate <= 100_000:
        raise PlanError(f"--rate {rate:g}: expected arrivals per second above 0")
    return rate


def add_options(parser: Any, **_: Any) -> None:
    """For Locust's `init_command_line_parser`."""
    add = parser.add_argument
    add(
        "--rate", type=float, default=None, env_var="TAYARI_LOAD_RATE",
        help="Open model: payments that begin per second, whatever the merchant does. Empty: closed model.",
    )  # fmt: skip
    add(
        "--in-flight", type=int, default=None, env_var="TAYARI_LOAD_IN_FLIGHT",
        help="Open model: most payments at once; arrivals beyond are dropped and counted.",
    )  # fmt: skip
    add(
        "--shape", default="", choices=["", *SHAPES], env_var="TAYARI_LOAD_SHAPE", include_in_web_ui=False,
        help="How the load changes over the run's time; `tayari docs load` has their graphs.",
    )  # fmt: skip
    add(
        "--mix", default="", env_var="TAYARI_LOAD_MIX",
        help="What customers do, seeded: success=92,insufficient-funds=5,timeout=3",
    )  # fmt: skip
    add(
        "--abort-after", type=float, default=None, env_var="TAYARI_LOAD_ABORT",
        help="End the run once a threshold has been missed for this many seconds in a row. Empty: never.",
    )  # fmt: skip
    add(
        "--find-limit", action="store_true", default=False, env_var="TAYARI_LOAD_FIND_LIMIT", include_in_web_ui=False,
        help="Search for the highest rate that keeps the thresholds; each rate is held for the run time.",
    )  # fmt: skip
