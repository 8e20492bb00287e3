"""The payments kept as proof, and the failed checks that carry them."""

from __future__ import annotations

import json

from load_payments import ended, load_run
from tayari_load.results.summary import checks, load_record
from tayari_load.statistics.payments import OF_EACH, LoadPayment, PaymentOutcome, Samples
from tayari_load.statistics.tally import Tally
from tayari_reports.model import Exchange, State
from tayari_target.target_file.target_model import Thresholds


def exchanges(number: int, looks: int = 1) -> list[Exchange]:
    titles = ["start payment", *(f"look {look}" for look in range(looks))]
    headers = (("Accept", "*/*"),)
    return [
        Exchange(at=1.0, kind="to_merchant", title=title, method="GET", url=f"/{number}", request_headers=headers)
        for title in titles
    ]


def payment(outcome: PaymentOutcome, duration_s: float = 1.0) -> LoadPayment:
    return ended(outcome=outcome, at=1.0, duration_s=duration_s, user="0/1")


def test_the_first_bad_payments_of_each_kind_are_kept_and_no_more() -> None:
    samples = Samples()
    for number in range(50):
        samples.offer(payment(PaymentOutcome.REFUSED), exchanges(number))
    samples.offer(payment(PaymentOutcome.STUCK), exchanges(99))

    assert len(samples.bad[PaymentOutcome.REFUSED]) == OF_EACH
    assert {exchange.url for exchange in samples.of((PaymentOutcome.REFUSED, PaymentOutcome.STUCK))} == {
        "/0",
        "/1",
        "/99",
    }


def test_of_a_long_payment_the_beginning_and_the_end_are_kept() -> None:
    samples = Samples()
    samples.offer(payment(PaymentOutcome.STUCK), exchanges(1, looks=40))

    titles = [exchange.title for exchange in samples.of((PaymentOutcome.STUCK,))]
    assert titles == ["start payment", "look 0", "look 1", "look 37", "look 38", "look 39"]


def test_the_slowest_settled_payment_is_kept() -> None:
    samples = Samples()
    for number, duration_s in enumerate((1.0, 3.0, 2.0)):
        samples.offer(payment(PaymentOutcome.SETTLED, duration_s), exchanges(number))

    assert {exchange.url for exchange in samples.slowest} == {"/1"}


def test_a_workers_samples_arrive_at_the_master_unchanged() -> None:
    worker, master = Samples(), Samples()
    worker.offer(payment(PaymentOutcome.FAILED), exchanges(1))
    worker.offer(payment(PaymentOutcome.SETTLED, 2.0), exchanges(2))
    master.add(Samples.from_wire(json.loads(json.dumps(worker.to_wire()))))

    assert master == worker


def test_a_missed_threshold_opens_to_the_payments_that_missed_it() -> None:
    samples, tally = Samples(), Tally()
    for number, outcome in enumerate((*[PaymentOutcome.SETTLED] * 20, PaymentOutcome.STUCK, PaymentOutcome.REFUSED)):
        tally.start(0.0)
        tally.end(payment(outcome, 11.0))
        samples.offer(payment(outcome, 11.0), exchanges(number))
    run = load_run(started_at=0.0, finished_at=9.0, peak_users=1, samples=samples)
    load = load_record(tally, Thresholds(concurrent_users=1, failure_rate=0.01), run)

    proof = {check.rule: {row.url for row in check.evidence} for check in checks(load, run)}

    assert proof == {"L01": {"/0"}, "L02": {"/20", "/21"}, "L03": {"/21"}, "L04": set()}
    assert [check.state for check in checks(load, run)][:3] == [State.FAIL] * 3
