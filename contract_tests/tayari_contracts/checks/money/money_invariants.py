"""M01 to M09: each money rule judges the whole run by one row of `tayari_money.invariants`.

The rules play no situation of their own, so they are one table: rule id to the function that judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tayari_contracts.checks.check_registry import CheckFunction, check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.payouts import judge_payouts
from tayari_contracts.steps.reconciliation import judge
from tayari_contracts.steps.refunds import judge_refunds

JUDGES: Final[Mapping[str, Callable[[CheckContext, str], None]]] = MappingProxyType({
    "M01": judge, "M02": judge, "M03": judge, "M04": judge, "M05": judge,
    "M06": judge_payouts, "M07": judge_payouts, "M09": judge_payouts,
    "M08": judge_refunds,
})  # fmt: skip


def _check_of(rule_id: str) -> CheckFunction:
    def hold_the_run_to_it(context: CheckContext) -> None:
        JUDGES[rule_id](context, rule_id)

    return hold_the_run_to_it


for _rule_id in JUDGES:
    check(_rule_id)(_check_of(_rule_id))
