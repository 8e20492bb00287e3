"""`late_failure`: a failing callback after the payment succeeded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tayari_simulator.faults.base import ResultCode, TableFault
from tayari_simulator.faults.delays import DelayForm
from tayari_simulator.state.behaviour import Behaviour, Call, DelayDistribution, Fixed, Step

_AFTER: Final[DelayDistribution] = Fixed(1.0)


@dataclass(frozen=True, slots=True)
class LateFailure(TableFault):
    """Send a second callback with `result_code`, `after_s` seconds after the last. The payment's state stays."""

    result_code: ResultCode = 1037
    after_s: DelayForm = _AFTER
    calls = frozenset({Call.CALLBACK})

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        lie = Step(result_code=self.result_code, after=self.after_s, truth=False)
        return replace(behaviour, steps=(*behaviour.steps, lie))
