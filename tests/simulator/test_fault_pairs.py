"""Faults compose: any two, in either order, play through without breaking what plays them."""

from __future__ import annotations

from itertools import permutations

import pytest
from bench_daraja import MSISDN, Bench
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.scenarios.scenario_reader import read_inline
from tayari_simulator.state.behaviour import Call

GIVEN = {
    "api_error": {"error": "405.001"},
    "gateway_fault": {"fault": "quota"},
    "html": {"page": "imperva_403"},
    "refuse": {"for_s": 1},
    "hang": {"for_s": 1},
    "slow": {"first_byte_s": 1},
    "ack_late": {"by_s": 1},
    "delay": {"by_s": 1},
    "mutate": {"drop": ["Body.stkCallback.CheckoutRequestID"]},
}
"""What faults without defaults are given."""


def of(call: str) -> list[str]:
    return [name for name, kind in FAULTS.items() if call in kind.calls]


@pytest.mark.parametrize("pair", list(permutations(of(Call.CALLBACK), 2)), ids="-".join)
@pytest.mark.parametrize("code", [0, 1032])
def test_two_faults_of_the_callback(pair: tuple[str, str], code: int) -> None:
    if code != 0 and "late_failure" in pair:
        pytest.skip("late_failure follows a success")
    bench = played(pair, code)
    sent = bench.advance(60)

    assert bool(sent) is ("drop" not in pair or "late_failure" in pair)
    assert not bench.advance(600), "nothing is left behind"


@pytest.mark.parametrize("pair", list(permutations(of(Call.STK_PUSH), 2)), ids="-".join)
def test_two_faults_of_the_push(pair: tuple[str, str]) -> None:
    bench = played(pair, 0)
    while not bench.last_id:
        bench.push()

    assert len(bench.seen) <= 3
    assert bench.advance(60)


def played(pair: tuple[str, str], code: int) -> Bench:
    """A push under both faults."""
    faults = [{name: GIVEN.get(name, {})} for name in pair]
    scenario, problems = read_inline({"outcome": {"result_code": code}, "faults": faults})
    assert scenario is not None, [str(row) for row in problems]
    bench = Bench()
    bench.selector.queue(scenario, msisdn=MSISDN)
    bench.push()
    return bench
