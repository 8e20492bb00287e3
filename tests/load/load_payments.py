"""Payments and runs of the load, as tests make them up."""

from __future__ import annotations

from typing import Any, cast

from tayari_load.load_run import LoadRun
from tayari_load.statistics.payments import LoadPayment, Order
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment

ORDER = Order(name="Wanjiku Otieno", msisdn="254790000001", amount=350, reference="LAAA00000001")


def ended(**how: Any) -> LoadPayment:
    """A payment that has ended."""
    return LoadPayment(order=ORDER, **how)


def load_run(**how: Any) -> LoadRun:
    """A run without a merchant or simulator: what its users saw is in the tally."""
    return LoadRun(
        target=cast(Target, None), test_environment=cast(TestEnvironment, None), own_environment=False, seed=1, **how
    )
