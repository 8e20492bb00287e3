"""What is on the shelf. Prices live here, on the server: a browser only says which good it wants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """One thing to buy. Its picture is `site/<key>.svg`."""

    key: str
    name: str
    swahili: str
    amount: int
    """Whole shillings."""


GOODS = {
    good.key: good
    for good in (
        Good(key="chai", name="Kericho tea, 250 g", swahili="Majani ya chai", amount=180),
        Good(key="kahawa", name="Nyeri coffee AA, 250 g", swahili="Kahawa", amount=650),
        Good(key="unga", name="Maize flour, 2 kg", swahili="Unga wa ugali", amount=165),
        Good(key="asali", name="Kitui honey, 500 g", swahili="Asali", amount=480),
        Good(key="parachichi", name="Avocados, six", swahili="Parachichi", amount=120),
        Good(key="kikoi", name="Lamu kikoi", swahili="Kikoi", amount=1500),
    )
}
