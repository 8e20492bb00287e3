"""Who pays under load: Kenyan names, numbers that nobody else uses, amounts as shops see them."""

from __future__ import annotations

from itertools import count
from typing import Final

from faker import Faker
from faker.providers import BaseProvider
from tayari_money.payment_record import PaymentKind

from tayari_load.plan import ORDINARY, LoadMix, kind_of
from tayari_load.statistics.payments import Order

LOAD_PREFIX: Final = "25479"
"""Numbers 2547 9x are the load's; the suites have another block, so that the two never meet."""
WORKERS: Final = 100
PER_WORKER: Final = 100_000
"""Numbers in one worker's block; the next customer after the last is the first again."""


class KenyanShopping(BaseProvider):
    """A Faker provider for what Kenyan customers spend at a shop."""

    def shillings(self) -> int:
        """An amount in whole shillings: mostly hundreds, sometimes a few thousand, priced as shops price."""
        low, high, step = self.random_element(((20, 200, 5), (200, 1_000, 10), (200, 1_000, 10), (1_000, 5_000, 50)))
        return int(self.random_int(low, high, step))


class Customers:
    """An endless queue of orders. The same seed and worker give the same queue. `usual`: their kind without a mix.

    A later run of the same process goes on with this queue, so that no number pays twice.

    Raises:
        ValueError: a worker index outside 0 to 99; the number block has a part for each of a hundred workers.
    """

    def __init__(
        self,
        *,
        seed: int,
        worker: int = 0,
        mix: LoadMix = LoadMix(),  # noqa: B008 - frozen
        usual: PaymentKind = PaymentKind.STK_PAYMENT,
    ) -> None:
        if not 0 <= worker < WORKERS:
            raise ValueError(
                f"worker index {worker}: expected 0 to {WORKERS - 1}; each worker has its own part of the numbers "
                f"{LOAD_PREFIX}xxxxxxx, and there are {WORKERS} parts"
            )
        self._faker = Faker("en_KE")
        self._faker.add_provider(KenyanShopping)
        self._faker.seed_instance(f"{seed}/{worker}")
        self._worker = worker
        self._seed = f"{seed}/{worker}/mix"
        self.play(mix, usual)
        self._mark = "".join(self._faker.random_choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", length=3))
        # A step that shares no factor with the block's size visits every number once before it repeats one.
        self._step = self._faker.random_int(1_000, 9_999) * 10 + 7
        self._start = self._faker.random_int(0, PER_WORKER - 1)
        self._numbers = count()

    def play(self, mix: LoadMix, usual: PaymentKind) -> None:
        """From the next order on, customers do this."""
        self._usual = usual
        self._draws = mix.draws(self._seed)

    def order(self) -> Order:
        """The next customer's order."""
        number, drawn = next(self._numbers), next(self._draws)
        line = (self._start + number * self._step) % PER_WORKER
        return Order(
            name=self._faker.name(),
            msisdn=f"{LOAD_PREFIX}{self._worker:02d}{line:05d}",
            amount=self._faker.shillings(),
            reference=f"L{self._mark}{self._worker:02d}{number % 1_000_000:06d}",
            scenario="" if drawn in ORDINARY else drawn,
            kind=kind_of(drawn) if drawn else self._usual,
        )
