"""The first day of a term: parents pay into the pay bill, with the child's number as account."""

from __future__ import annotations

from math import exp

from tayari_money.payment_record import PaymentKind

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="school-fees-day",
    about="The first day of a term: parents pay from early morning, most of them before the gates close at eight, the "
    "rest at lunch and after work. A merchant with accounts for C2B is paid into those; any other takes payments.",
    kind=PaymentKind.C2B_PAYMENT,
    level=lambda share: (
        0.15
        + 0.85 * exp(-(((share - 0.3) / 0.1) ** 2))
        + 0.35 * exp(-(((share - 0.55) / 0.06) ** 2))
        + 0.5 * exp(-(((share - 0.85) / 0.08) ** 2))
    ),
)
