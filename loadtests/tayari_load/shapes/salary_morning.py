"""Pay day: salaries go out, or are spent."""

from __future__ import annotations

from math import exp

from tayari_money.payment_record import PaymentKind

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="salary-morning",
    about="Pay day: quiet before six, a steep climb to a long high, lunch, a second lower high. A merchant with "
    "payouts pays salaries; any other takes the payments of those who were paid.",
    kind=PaymentKind.PAYOUT,
    level=lambda share: 0.1 + 0.9 * exp(-(((share - 0.35) / 0.13) ** 2)) + 0.5 * exp(-(((share - 0.75) / 0.12) ** 2)),
)
