"""Whether several instances of the merchant run side by side, and whether each has a state of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tayari_money.payment_record import PaymentState
from tayari_target.environment_options import can_have_another_daraja
from tayari_target.instances import Instances
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import StatusView

from tayari.run.doctor.doctor_findings import DoctorFinding, good, warning

_OWN_STATE = "give each instance a database of its own by {work_dir} or {instance} (`tayari docs target-file`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPayment:
    """A payment, or a payout, of the preflight, and what the first instance shows of it."""

    payment_id: str
    reference: str
    view: StatusView
    is_payout: bool = False
    msisdn: str = ""
    """Of a payment: who paid."""


def instances(others: Instances, known: Sequence[KnownPayment]) -> Iterator[DoctorFinding]:
    """Wait for the other instances, and see that none knows what only the first one was asked to do."""
    if others.only_one:
        yield from _only_one(others)
        return
    environments = others.ready()
    if others.problems:
        found = f"{len(others.problems)} more instances of the merchant did not start: {others.problems[0]}"
        yield warning("instances", found, "see that nothing in merchant.start is fixed (ports, files, databases)")
    for environment in environments:
        shared = next((one for one in known if _shows(environment, one)), None)
        if shared is not None:
            others.close()
            found = (
                f"a second instance of the merchant shows payment {shared.reference} of the first one: they share "
                "their state, so one instance runs alone"
            )
            yield warning("instances", found, _OWN_STATE)
            return
    if environments:
        yield good(
            "instances", f"{1 + len(environments)} of the merchant run side by side, each with a state of its own"
        )


def second_process(target: Target) -> Iterator[DoctorFinding]:
    """Two rules start the merchant once more, with a Daraja of their own: whether the target file lets them."""
    if target.merchant.start is not None and target.merchant.takes_payments and not can_have_another_daraja(target):
        found = (
            "the merchant cannot be started a second time with another address of Daraja: T10 and T11 are not judged"
        )
        fix = "name {port} in merchant.base_url, and {daraja_url} or `intercept: auto` in merchant.start"
        yield warning("second process", found, fix)


def _only_one(others: Instances) -> Iterator[DoctorFinding]:
    if others.asked_for:
        found = f"{others.asked_for} instances were asked for, and one runs: {others.only_one}"
        yield warning("instances", found, "correct the target file (`tayari docs target-file`), or ask for one")


def _shows(environment: TestEnvironment, known: KnownPayment) -> bool:
    """Whether this instance shows the payment of another one as that one does."""
    read = environment.driver.read_payout if known.is_payout else environment.driver.read_status
    view = read(known.payment_id, known.reference)
    if view.state is not PaymentState.PAID or view.state is not known.view.state:
        return False
    return known.view.receipt is None or view.receipt == known.view.receipt
