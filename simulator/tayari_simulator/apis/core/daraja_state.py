"""The state of one Daraja: what the handlers of its endpoints read and change, its rules, and its store (`Keeper`).

A lifecycle is what happens to an accepted transaction of one API: how its result is decided, settled and sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from tayari_simulator.apis.core.organisations import Business, Organisation, Organisations
from tayari_simulator.apis.core.security_credential import SecurityCredentials
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.results import SUBSCRIBER_LOCKED, ResultCode, Wording, find
from tayari_simulator.state.behaviour import Call, Choose, Delivery, Uniform
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.identifiers import Ids
from tayari_simulator.state.ledger import Account, Ledger
from tayari_simulator.state.schedule import Schedule, WaitingCallbacks
from tayari_simulator.state.tokens import Tokens
from tayari_simulator.state.transactions import Ending, Prompts, Transaction, Transactions


class Result(NamedTuple):
    """One result, as a message carries it."""

    code: int | str
    desc: str
    receipt: str
    """Empty: no money moved."""
    at_s: float


class PromptResults(NamedTuple):
    """The result codes of what a customer does with the prompt of one API. Source: reference 3.1 and 4."""

    cancelled: int = 1032
    no_answer: int = 1037
    wrong_pin: int = 2001
    pin_locked: int = 8006


class DeliveryAnswer(NamedTuple):
    """What a merchant answered to a delivery. `status` 0: nothing, or too late."""

    status: int
    body: bytes
    at_s: float


_REASONS: Final = {
    "CustomerPayBillOnline": "Pay Bill Online",
    "BusinessPayment": "Business Payment to Customer via API",
}


class Parties(NamedTuple):
    """Who paid whom, as transaction status reports it. Source: reference 3.8."""

    debit: str
    """A short code or an MSISDN."""
    credit: str
    account: str
    """`DebitAccountType`."""
    reason: str


def reason_of(command: str) -> str:
    """`ReasonType`; where none is known, the command's own name (assumed)."""
    return _REASONS.get(command, command)


def customer_pays(transaction: Transaction) -> Parties:
    """A customer paid an organisation."""
    return Parties(transaction.msisdn, transaction.party_b, "MMF Account For Customer", reason_of(transaction.command))


class FurtherMessage(NamedTuple):
    """A message beside the transaction's own, to another URL."""

    name: str
    """One of `Call.MESSAGES`."""
    plan: Callable[[DarajaState, Transaction, float], Delivery | None]
    """The message where it applies; None: no message is sent. Only for `DarajaState.with_further_messages`."""
    body: Callable[[DarajaState, Transaction, float], bytes]
    """What it says, whether it applies or not."""


def _nothing(state: DarajaState, transaction: Transaction) -> None:
    """Nothing happens."""


def _no_answer(state: DarajaState, transaction: Transaction, answer: DeliveryAnswer) -> None:
    """The answer does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The part of an API that comes after its acknowledgement. Pure functions that change the state."""

    example: Callable[[DarajaState, str, int, str, float], Transaction]
    """A transaction that nobody asked for: of this MSISDN, amount and URL, at this time."""
    api: str
    """The word for this API in `catalogue.results`."""
    decide: Callable[[DarajaState, Transaction], int | str]
    """The result code of a transaction that plays no scenario."""
    settle: Callable[[DarajaState, Transaction], None]
    """Post the money of a success on the ledger. Called once."""
    message: Callable[[DarajaState, Transaction, Result], bytes]
    """The later message: callback, result or confirmation; empty: no message is sent about this result."""
    moves_money: bool = True
    """Whether a success has a receipt."""
    receipt: Callable[[DarajaState, Transaction, float], str] | None = None
    """The receipt of a success at this time; None: a new one is drawn."""
    parties: Callable[[Transaction], Parties] = customer_pays
    """Who paid whom."""
    reversible: bool = False
    """Whether the organisation that was paid may have it reversed."""
    opened: Callable[[DarajaState, Transaction], None] = _nothing
    """It was accepted."""
    closed: Callable[[DarajaState, Transaction], None] = _nothing
    """Its first result is there."""
    precede: Callable[[DarajaState, Transaction, float], Delivery | None] | None = None
    """A message that must be answered before there is a result (C2B validation); None: the result may come."""
    answered: Callable[[DarajaState, Transaction, DeliveryAnswer], None] = _no_answer
    """The answer to what `precede` sent; it plans the result."""
    also: tuple[FurtherMessage, ...] = ()
    """Further messages of the first success."""
    called: str = ""
    """A second name of its message, beside `callback`, for the faults that are put on it."""
    names_short_code: bool = False
    """Whether its message carries the header `Businessshortcode`."""
    repeats: bool = True
    """Whether its message may be sent again when it is not answered 200 (option `callback_retries`)."""
    prompt: PromptResults | None = None
    """What the answers to its prompt end in; None: no phone is asked."""
    question: Callable[[DarajaState, Transaction, float], bytes] | None = None
    """The body of what `precede` sends: `c2b_validation`."""

    def messages(self) -> Mapping[str, Callable[[DarajaState, Transaction, float], bytes]]:
        """What each of its messages but the callback says, by name."""
        further = {row.name: row.body for row in self.also}
        return further if self.question is None else {Call.VALIDATION: self.question, **further}


class Keeper(Protocol):
    """Stores what a restart needs. It is called at each step, in the same turn of the event loop as the step.

    It numbers the deliveries, so that each can be called done.
    """

    def accepted(self, transaction: Transaction) -> None:
        """A push was accepted; its acknowledgement is not written yet."""

    def resulted(self, transaction: Transaction, deliveries: tuple[Delivery, ...]) -> None:
        """A result fell due, and these callbacks came of it; none of them is sent yet. Or it shall fall due earlier."""

    def planned(self, transaction: Transaction, delivery: Delivery) -> None:
        """One more callback is to be sent (a retry)."""

    def done(self, transaction: Transaction, delivery: Delivery) -> None:
        """A callback was answered, or will not be sent any more."""

    def called(self, path: str, exchange: JournalExchange) -> None:
        """A call was accepted that changed what is no transaction: it is made again after a restart."""

    def forgot(self) -> None:
        """Everything was forgotten on demand."""


class Rules:
    """What M-Pesa's own rules do to a payment that plays no scenario. Times in seconds, amounts in shillings."""

    def __init__(self, options: Options) -> None:
        self.lock_refuses = options.says("subscriber_lock", "refuse")
        self.lock_limits = options.says("subscriber_lock", "result_1001")
        self.same_amount_limits = options.says("same_amount", "result_17")
        self.test_number_is_silent = options.says("test_number", "never_answers")
        self.text_phone_is_silent = options.says("phone_as_string", "silent_1037")
        self.ordinary_phones_have_debt = options.says("ordinary_phones", "bad_debt")
        self.outcome_after_s = options.number("outcome_after_s")
        self.daily_limit = options.number("daily_limit")
        self.largest_amount = options.number("max_amount")
        self.query_too_early_s = options.number("query_too_early_s")
        self.transaction_date_skew_s = options.number("transaction_date_skew_s")


Part = TypeVar("Part")


@dataclass(slots=True)
class Counts:
    """What has happened since the start; never reset."""

    accepted_by_kind: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Transactions that were accepted."""
    accepted_before: int = 0
    """Of an earlier process whose transactions this one took over; not in `accepted`."""
    results: int = 0
    endings: dict[Ending, int] = field(default_factory=lambda: dict.fromkeys(Ending, 0))
    """Transactions for which nothing is to come any more."""
    forgotten: int = 0
    """Payments that were forgotten on demand while something was still to come."""
    refused: dict[str, int] = field(default_factory=dict)
    """Refusals by error code; a refusal that is no error of Daraja's by its status (`http_503`) or by its kind."""

    @property
    def accepted(self) -> int:
        """Transactions that were accepted, of all kinds."""
        return sum(self.accepted_by_kind.values())

    def refuse(self, code: str) -> None:
        """Note one refusal."""
        self.refused[code] = self.refused.get(code, 0) + 1


class DarajaState:
    """All that one Daraja knows, and what is handed in: random numbers, and who chooses behaviours."""

    def __init__(
        self,
        business: Business,
        options: Options,
        *,
        uniform: Uniform,
        choose: Choose | None,
        organisations: Iterable[Organisation] = (),
    ) -> None:
        self.business = business
        self.options = options
        self.rules = Rules(options)
        self.uniform = uniform
        self.choose = choose
        self.wording = Wording(options.text("wording"))
        self.ids = Ids(
            uniform,
            fraction_digits=int(options.text("id_fraction_digits")),
            ahead_s=options.number("id_clock_ahead_s"),
            classic=options.says("request_id_style", "classic"),
        )
        self.tokens = Tokens()
        self.transactions = Transactions()
        self.schedule = Schedule()
        self.waiting_callbacks = WaitingCallbacks(self.schedule)
        self.prompts = Prompts()
        self.ledger = Ledger()
        self.organisations = Organisations(
            (*_of_business(business), *organisations),
            self.ledger,
            opening={
                Account.WORKING: int(options.number("opening_working")),
                Account.UTILITY: int(options.number("opening_utility")),
            },
        )
        self.credentials = SecurityCredentials()
        self.lifecycles: Mapping[str, Lifecycle] = {}
        """The lifecycles of transactions, by kind; set by the owner of the table of APIs."""
        self.with_further_messages: set[str] = set()
        """Short codes that asked for further messages of what is paid to them, by C2B URLs or Bill Manager."""
        self.counts = Counts()
        self.keeper: Keeper | None = None
        """Who keeps what must outlive the process, if anyone does."""
        self._metric_sources: dict[Callable[[], Any], Any] = {}
        self._texts: dict[tuple[int | str, str], str] = {}
        self.callback_headers: tuple[tuple[str, str], ...] = ()
        if options.says("callback_short_code_header", "on"):
            self.callback_headers = (("Businessshortcode", business.short_code),)

    def part(self, kind: Callable[[], Part]) -> Part:
        """What one API alone remembers: made when it is first asked for, and forgotten with all the rest."""
        if kind not in self._metric_sources:
            self._metric_sources[kind] = kind()
        found: Part = self._metric_sources[kind]
        return found

    def text_of(self, code: int | str, api: str = "stk") -> str:
        """The catalogue's wording for a code of this API; a code without one says so itself."""
        known = self._texts.get((code, api))
        if known is None:
            row: ResultCode | None = find(code, api)
            known = row.wording(self.wording) if row is not None and row.text else f"Result code {code}"
            if row is not None:  # unknown codes are not cached: there could be any number of them
                self._texts[code, api] = known
        return known

    def show_prompt(self, transaction: Transaction) -> None:
        """A phone shows the prompt of a transaction that was accepted, unless a rule decided it already."""
        if transaction.forced != SUBSCRIBER_LOCKED:
            self.prompts.open(transaction)

    def hide_prompt(self, transaction: Transaction) -> None:
        """The prompt is gone: its transaction has a result."""
        self.prompts.close(transaction)

    def end_if_finished(self, transaction: Transaction) -> None:
        """Count a transaction that has nothing planned any more; a forgotten one is counted already."""
        if not transaction.pending and transaction.id in self.transactions:
            transaction.ending = transaction.ending or Ending.DROPPED
            self.counts.endings[transaction.ending] += 1

    def forget(self) -> None:
        """Reset: no transactions, tokens or accounts, and nothing planned."""
        self.counts.forgotten += sum(1 for transaction in self.transactions.all() if transaction.pending)
        self.tokens.revoke()
        self.transactions.clear()
        self.schedule.clear()
        self.waiting_callbacks.clear()
        self.prompts.clear()
        self.with_further_messages.clear()
        self.ledger.clear()
        self._metric_sources.clear()
        self.organisations.reset()


def _of_business(business: Business) -> Iterator[Organisation]:
    """The organisations of the STK short code: its pay bill, and its till where it has one."""
    yield Organisation(short_code=business.short_code)
    if business.till is not None and business.till != business.short_code:
        yield Organisation(short_code=business.till, till=True, store_number=business.short_code)
