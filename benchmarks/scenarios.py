"""What ten thousand loaded scenarios cost a push, against ten: the two measured in turn in one process.

    python benchmarks/scenarios.py [--rounds 9] [--pushes 4000]

Pushes go through the core alone (token check, fields, choice, payment, acknowledgement), where the choice is the
largest share of the whole; behind HTTP it costs less. Every scenario is chosen by an MSISDN, an amount or a reference
of its own, and no push meets one: the dearest answer, as all must be asked. Exits 1 when the larger set costs 10 % or
more, or when the rounds differ too much to tell.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from base64 import b64encode
from dataclasses import dataclass
from random import Random
from typing import Final

import orjson
from tayari_simulator.apis.core.dispatcher import Daraja
from tayari_simulator.apis.core.organisations import Business
from tayari_simulator.catalogue.options import Options
from tayari_simulator.config import SANDBOX_PASSKEY, SANDBOX_SHORT_CODE
from tayari_simulator.scenarios.model import Scenario
from tayari_simulator.scenarios.read import read_inline
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.exchange import Exchange, Kind

FEW: Final = 10
MANY: Final = 10_000
MOST_COST: Final = 0.10
MOST_SPREAD: Final = 0.08
PATH: Final = "/mpesa/stkpush/v1/processrequest"
STAMP: Final = "20261007143517"
NOW_S: Final = 1_791_372_903.0


@dataclass(slots=True)
class Contender:
    """One Daraja with so many scenarios, and how many pushes it takes in a CPU second, round by round."""

    loaded: int
    rates: list[float]


def scenarios(number: int) -> list[Scenario]:
    """So many scenarios, a third each by MSISDN, amount and reference."""
    return [made(place) for place in range(number)]


def made(place: int) -> Scenario:
    """One of them."""
    whens: tuple[dict[str, object], ...] = (
        {"msisdn": f"2541{place:08d}"},
        {"amount": 100_000 + place},
        {"reference": f"REF{place}"},
    )
    scenario, problems = read_inline({"scenario": f"many/s{place}", "when": whens[place % 3]})
    if scenario is None:
        raise SystemExit(f"the benchmark's own scenario is wrong: {problems}")
    return scenario


def bodies(number: int) -> list[bytes]:
    """So many pushes of different phones, which no scenario asks for."""
    password = b64encode(f"{SANDBOX_SHORT_CODE}{SANDBOX_PASSKEY}{STAMP}".encode()).decode()
    return [
        orjson.dumps({
            "BusinessShortCode": SANDBOX_SHORT_CODE,
            "Password": password,
            "Timestamp": STAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 100,
            "PartyA": f"2547{place:08d}",
            "PartyB": SANDBOX_SHORT_CODE,
            "PhoneNumber": f"2547{place:08d}",
            "CallBackURL": "https://shop.example/pay/1",
            "AccountReference": "INV1",
            "TransactionDesc": "Shoes",
        })
        for place in range(number)
    ]  # fmt: skip


def rate(selector: Selector, pushes: list[bytes]) -> float:
    """Pushes in each CPU second, all of them accepted."""
    business = Business(short_code=SANDBOX_SHORT_CODE, passkey=SANDBOX_PASSKEY)
    daraja = Daraja(business, Options(), uniform=Random(1).random, choose=selector)
    token = daraja.state.tokens.issue("t" * 28, app="key", expires_s=NOW_S + 60, cancel_old=False)
    route, bearer = daraja.routes[PATH], f"Bearer {token.text}"
    gc.collect()
    began = time.process_time()
    for body in pushes:
        exchange = Exchange(Kind.REQUEST, "stk_push", "POST", PATH, (), body, NOW_S, NOW_S)
        daraja.answer(route, exchange, bearer, "application/json")
    took_s = time.process_time() - began
    if daraja.state.counts.accepted != len(pushes):
        raise SystemExit("invalid run: not every push was accepted")
    return len(pushes) / took_s


def main() -> int:
    """Measure, print the ratio, and judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pushes", type=int, default=4000)
    given = parser.parse_args()
    pushes = bodies(given.pushes)
    selectors = {number: Selector(scenarios(number)) for number in (FEW, MANY)}
    gc.freeze()
    few, again, many = Contender(FEW, []), Contender(FEW, []), Contender(MANY, [])
    rate(selectors[FEW], pushes)
    for _ in range(given.rounds):
        for contender in (few, many, again):
            contender.rates.append(rate(selectors[contender.loaded], pushes))
    noise = statistics.median(abs(1 - one / two) for one, two in zip(few.rates, again.rates, strict=True))
    pairs = zip(few.rates, again.rates, many.rates, strict=True)
    cost = statistics.median(1 - rest / ((one + two) / 2) for one, two, rest in pairs)
    print(f"{FEW} scenarios: {statistics.median(few.rates):,.0f} pushes a CPU second")
    print(f"{MANY} scenarios: {statistics.median(many.rates):,.0f} pushes a CPU second")
    print(f"cost of the larger set: {cost:.1%} (reach: below {MOST_COST:.0%}); two equal sets differ by {noise:.1%}")
    if noise > MOST_SPREAD:
        print("too noisy to tell; run it again on a quieter machine", file=sys.stderr)
        return 1
    return 0 if cost < MOST_COST else 1


if __name__ == "__main__":
    sys.exit(main())
