"""The record of all checks of a run on one instance, by which the money is judged at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from secrets import choice, randbelow
from string import ascii_uppercase, digits
from threading import Condition, Lock
from typing import Final, NamedTuple

from tayari_money.payment_record import Observation, PaymentKind, PaymentRecord
from tayari_target.driver import StatusView
from tayari_target.target_file.target_model import Target

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.context.findings import Finding, Missing, unknown_word
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.context.overload import MachineWatch, Overload, StartGate
from tayari_contracts.context.payment import Payment

SILENCE_SHOWN_BY: Final = "Q01"
"""The rule that shows that a merchant never asks Daraja, and reports that failure. It begins before the others."""


class QuerySilence:
    """Whether a merchant asks Daraja about payments without callback. All its instances share one. Thread-safe.

    Once in a run it is shown that the merchant never asks. That counts until a query comes nevertheless.
    """

    def __init__(self, notice: Callable[[str], None] = lambda _: None) -> None:
        self._notice = notice
        self._changed = Condition()
        self._watchers = 0
        self._asks = False
        self.found = ""
        """The sentence that shows that the merchant never asks; empty while that is not known."""
        self.payment: Payment | None = None
        """The payment that showed it."""

    @property
    def reason(self) -> str:
        """Why a rule about queries cannot be judged; empty while it may be."""
        return f"blocked by {SILENCE_SHOWN_BY}: {self.found}" if self.found else ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch a payment without callback while the block runs."""
        with self._changed:
            self._watchers += 1
        try:
            yield
        finally:
            with self._changed:
                self._watchers -= 1
                self._changed.notify_all()

    def note_query(self) -> None:
        """Note a query: the merchant does ask, and an earlier finding is forgotten."""
        with self._changed:
            was_found, self._asks = bool(self.found), True
            self.found, self.payment = "", None
            self._changed.notify_all()
        if was_found:
            self._notice("a status query came after all: from here on checks wait for them again")

    def learn(self, sentence: str, payment: Payment) -> bool:
        """Note that no query came in the whole promised time. Returns whether the merchant counts as never asking."""
        with self._changed:
            if self._asks:
                return False
            is_new = not self.found
            self.found, self.payment = sentence, payment
            self._changed.notify_all()
        if is_new:
            self._notice(f"{sentence}: from here on nothing waits for one")
        return True

    def awaited(self, *, within_s: float) -> str:
        """The reason, once no payment is watched any more; empty if queries come, or nothing is known in time."""
        with self._changed:
            self._changed.wait_for(lambda: self.found or self._asks or not self._watchers, within_s)
        return self.reason


CRASH: Final = 500
"""From this HTTP status on the merchant answered as a program that broke does."""
REFUSAL: Final = 400
"""From this HTTP status on an answer holds no state of a payment."""


def untranslated(view: StatusView) -> str:
    """The merchant's word for a state that `merchant.status.states` does not name; empty where there is none."""
    readable = not view.error and (view.http_status or 200) < REFUSAL
    return view.raw_state if view.state is None and readable else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOutcome:
    """A control after it was played: its payments, and the finding if it did not end as expected."""

    payments: tuple[Payment, ...] = ()
    finding: Finding | None = None
    is_calm: bool = False
    """No status query of another payment was waiting when it began."""


class ControlOutcomes:
    """The controls of one run, each played once. Thread-safe."""

    def __init__(self) -> None:
        self._played: dict[Control, ControlOutcome] = {}
        self._locks = {control: Lock() for control in Control}

    def once(self, control: Control, play: Callable[[], ControlOutcome]) -> ControlOutcome:
        """The outcome of the control. The first check that asks plays it, and others wait."""
        with self._locks[control]:
            if control not in self._played:
                self._played[control] = play()
            return self._played[control]

    def findings(self, controls: Iterable[Control]) -> list[Finding]:
        """The findings of those of these controls that were played and did not end as expected."""
        played = [self._played.get(control) for control in controls]
        return [one.finding for one in played if one is not None and one.finding is not None]

    def broken(self, controls: Iterable[Control]) -> list[Control]:
        """Those of these controls that were played and did not end as expected, in order."""
        return [control for control in sorted(controls) if self.findings([control])]

    def forget_failures(self, *, unless_calm: bool = False) -> None:
        """Let controls that did not end as expected be played again: the merchant was overloaded at the time.

        `unless_calm`: only those that missed something while queries of other payments may have been waiting.
        """
        for control, lock in self._locks.items():
            with lock:
                played = self._played.get(control)
                if played is None or played.finding is None:
                    continue
                if not unless_calm or (isinstance(played.finding, Missing) and not played.is_calm):
                    del self._played[control]


class RunRecord:
    """All payments of a run by order, every look at them, and the ids of forged successes. Thread-safe.

    `notice` gets sentences about the whole run.
    """

    def __init__(
        self,
        target: Target,
        *,
        machine: MachineWatch | None = None,
        silence: QuerySilence | None = None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        promises = target.merchant.promises
        self.profile = MerchantProfile(target)
        """What a check can send to the merchant, and see of it."""
        self._notice = notice
        self._lock = Lock()
        self._orders: dict[str, list[Payment]] = defaultdict(list)
        self._observations: dict[str, list[Observation]] = defaultdict(list)
        self._other_kinds: dict[PaymentKind, list[Payment]] = defaultdict(list)
        self._leases: dict[str, object] = {}
        self.accounts: set[str] = set()
        """Numbers of the accounts that the merchant opened."""
        self.registering = Lock()
        """Held by the check that makes the merchant register its C2B URLs: others wait for it."""
        self._forged: set[str] = set()
        self._last_messages: dict[str, str] = {}
        self.overload = Overload(machine=machine)
        self.controls = ControlOutcomes()
        self.silence = silence or QuerySilence(notice)
        """Whether the merchant, on any of its instances, asks about payments without callback."""
        self.gate = StartGate(promises.payments_at_once)
        """Lets all checks together start no more payments at once than the merchant promises to manage."""
        self.queries_per_minute = promises.queries_per_minute
        """The merchant's own limit of status queries: promised, or learned from its traffic; None: it shows none."""
        self.prompted = ""
        """The number to which the merchant pushes for all payers; empty: it pushes to the payer."""
        self._other_numbers: dict[str, set[str]] = defaultdict(set)
        self.unknown_word = ""
        """The last word for a state that the target file does not translate."""
        self.receipt_seen = False
        """Whether any look found a receipt."""
        self.credits_are_countable = True
        """Whether a second credit can be seen; not where the merchant says only that it credited, true or false."""
        self.records: tuple[PaymentRecord, ...] | None = None
        """The records of the whole run; None: not made yet."""
        self.scenarios_only = False
        """Whether the run plays named scenarios and nothing else, so that only their money is judged."""
        self.others: tuple[RunRecord, ...] = ()
        """The records of the other instances of the merchant in this run."""

    def learn(self, other: RunRecord) -> None:
        """Take over what another instance of the same merchant has shown of it."""
        self.queries_per_minute = self.queries_per_minute or other.queries_per_minute
        self.unknown_word = self.unknown_word or other.unknown_word
        self.receipt_seen = self.receipt_seen or other.receipt_seen
        self.credits_are_countable = self.credits_are_countable and other.credits_are_countable
        if other.prompted and not self.prompted:
            self.prompted, self.gate = other.prompted, StartGate(1)

    def add_payment(self, payment: Payment) -> None:
        """Add a payment that was started. Payments with one reference are attempts to pay one order."""
        with self._lock:
            if payment.kind is not PaymentKind.STK_PAYMENT:
                self._other_kinds[payment.kind].append(payment)
                return
            self._orders[payment.reference].append(payment)
            if payment.started.message:
                self._last_messages[payment.msisdn] = payment.started.message

    def leave_out(self, reference: str) -> None:
        """Remove the payments and payouts with this reference, which are not attempts to pay one order.

        The rule that made them judges them.
        """
        with self._lock:
            self._orders.pop(reference, None)
            payouts = self._other_kinds[PaymentKind.PAYOUT]
            payouts[:] = [payout for payout in payouts if payout.reference != reference]

    def add_observation(self, payment: Payment, view: StatusView, *, began: float, ended: float) -> None:
        """Add a look at a payment; one without a readable state is not kept. `began`, `ended`: epoch seconds."""
        self.overload.looked(ended - began, well=not view.error and (view.http_status or 0) < CRASH)
        if payment.kind is PaymentKind.STK_PAYMENT:
            self._note_word(untranslated(view))
        self.receipt_seen = self.receipt_seen or bool(view.receipt)
        if view.message:
            with self._lock:
                self._last_messages[payment.msisdn] = view.message
        if view.state is not None:
            look = Observation(payment_id=payment.payment_id, state=view.state, began=began, ended=ended)
            with self._lock:
                self._observations[payment.record_name].append(look)

    def _note_word(self, word: str) -> None:
        """Report an unknown word when it is first seen, so that a person can correct the target file meanwhile."""
        if word and word != self.unknown_word:
            self.unknown_word = word
            self._notice(str(unknown_word(word)))

    def add_other_number(self, msisdn: str, *, instead_of: str) -> None:
        """Note a push to this number in place of another. After two it is the one number for all payers."""
        with self._lock:
            self._other_numbers[msisdn].add(instead_of)
            if len(self._other_numbers[msisdn]) > 1:
                self.prompted, self.gate = msisdn, StartGate(1)

    @property
    def missing_receipt(self) -> str:
        """A missing receipt in words; if none was seen in the whole run, the target file may be wrong."""
        if self.receipt_seen or not self.profile.shows_receipt:
            return "no receipt"
        return "no receipt (merchant.status.receipt found none in the whole run: is it written as the merchant has it?)"

    def add_forged(self, checkout_request_id: str) -> None:
        """Note that a check forged a success for this id: callbacks of this payment prove nothing from now on."""
        with self._lock:
            self._forged.add(checkout_request_id)

    @property
    def forged(self) -> frozenset[str]:
        """The ids for which a check forged a success."""
        with self._lock:
            return frozenset(self._forged)

    @property
    def last_messages(self) -> Mapping[str, str]:
        """What each customer read last, by MSISDN."""
        with self._lock:
            return dict(self._last_messages)

    @property
    def orders(self) -> Mapping[str, tuple[Payment, ...]]:
        """The attempts of each order, in order, by reference."""
        with self._lock:
            return {reference: tuple(payments) for reference, payments in self._orders.items()}

    @property
    def payouts(self) -> tuple[Payment, ...]:
        """The payouts that the merchant was asked for, in order."""
        with self._lock:
            return tuple(self._other_kinds[PaymentKind.PAYOUT])

    @property
    def refunds(self) -> tuple[Payment, ...]:
        """The refunds that the merchant was asked for, in order."""
        with self._lock:
            return tuple(self._other_kinds[PaymentKind.REFUND])

    @property
    def c2b_payments(self) -> tuple[Payment, ...]:
        """The payments that customers began (C2B), in order."""
        with self._lock:
            return tuple(self._other_kinds[PaymentKind.C2B_PAYMENT])

    @property
    def is_used(self) -> bool:
        """Whether the merchant was asked for anything."""
        with self._lock:
            return bool(self._orders) or any(self._other_kinds.values())

    def lease(self, accounts: Iterable[str], *, holder: object) -> str | None:
        """One of these accounts that no other check uses, until `release`; None: there is none just now."""
        with self._lock:
            free = next((number for number in accounts if number not in self._leases), None)
            if free is not None:
                self._leases[free] = holder
            return free

    def release(self, holder: object) -> None:
        """Free the accounts of a check that has ended."""
        with self._lock:
            self._leases = {number: user for number, user in self._leases.items() if user is not holder}

    def observations(self, reference: str) -> tuple[Observation, ...]:
        """The looks under one name (`Payment.record_name`), in order of time."""
        with self._lock:
            return tuple(sorted(self._observations[reference], key=lambda look: look.began))


SUITE_PREFIX = "25471"
"""The first digits of the suites' MSISDNs. The load run has others, so that the two never pay from one number."""
SHORT_CODES = 900
"""How many organisations the suites pay; the preflight uses the sandbox's other short codes, 600900 to 600999."""


class AllocatedOrder(NamedTuple):
    """A customer, an amount in shillings, and the name of an order."""

    msisdn: str
    amount: int
    reference: str


class Allocation:
    """Hands out MSISDNs, short codes, amounts and account references. Thread-safe.

    They start at a random place, so that a merchant that keeps its orders between runs sees new customers.
    """

    def __init__(self, *, start: int | None = None) -> None:
        self._next = count(randbelow(9_000_000) if start is None else start)
        self._run = "".join(choice(ascii_uppercase + digits) for _ in range(3))
        self._short_codes = count(randbelow(SHORT_CODES))
        self._lock = Lock()
        self.payers: set[str] = set()
        """Every MSISDN that was handed out."""

    def order(self) -> AllocatedOrder:
        """A new customer, an amount and a new reference."""
        return AllocatedOrder(self.msisdn(), self.amount(), self.reference())

    def msisdn(self) -> str:
        """Twelve digits, `25471` and seven more."""
        payer = f"{SUITE_PREFIX}{self._number() % 10_000_000:07d}"
        self.payers.add(payer)
        return payer

    def short_code(self) -> str:
        """One of the sandbox's, which exist without configuration: 600000 to 600899. Source: reference 1.8."""
        with self._lock:
            return str(600_000 + next(self._short_codes) % SHORT_CODES)

    def reference(self) -> str:
        """At most twelve letters and digits, as Daraja's AccountReference allows."""
        return f"T{self._run}{self._number() % 10_000_000:07d}"

    def amount(self) -> int:
        """Whole shillings between 100 and 899: above no limit, and seldom twice the same."""
        return 100 + self._number() * 7 % 800

    def _number(self) -> int:
        with self._lock:
            return next(self._next)
