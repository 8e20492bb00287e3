"""What a target file says: frozen records, made once by `tayari_target.target_file.target_reader.load_target`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tayari_control.simulator_process import CallbackRoute, DarajaAccount
from tayari_money.payment_record import PaymentState

from tayari_target.merchant_interception import Intercept, OtherHosts

ANY_OTHER: Final = "*"
NOTHING: Mapping[str, str] = MappingProxyType({})


def nothing() -> Mapping[str, str]:
    """The empty mapping, as a default that dataclasses accept."""
    return NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTemplate:
    """One HTTP request to the merchant, with placeholders (`{msisdn}`) still in it."""

    method: str
    path: str
    json: object | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=nothing)
    save: Mapping[str, str] = field(default_factory=nothing)
    """Log-in steps only: a name -> extractor; later steps and `merchant.headers` may use `{name}`."""

    def names(self, placeholder: str) -> bool:
        """Whether the request tells the merchant this (`amount`, `reference`, ...), in one of its forms."""
        return f"{{{placeholder}" in f"{self.path} {self.json} {self.form} {self.headers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How Tayari starts the merchant itself."""

    command: str
    """Split as a shell would, then run without one; `sh -c '...'` where a shell is wanted."""
    ready: str = "/"
    """Path that answers below 500 once the merchant serves."""
    env: Mapping[str, str] = field(default_factory=nothing)
    files: Mapping[str, str] = field(default_factory=nothing)
    """Name below the run's folder -> text: written before each start."""
    cwd: str = ""
    """Relative to the target file's folder."""
    ready_within_s: float = 30.0
    intercept: Intercept = Intercept.OFF
    other_hosts: OtherHosts = OtherHosts.REFUSE
    """With `intercept`: whether other hosts than Safaricom's and this machine are called."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What it gets by name: variables, and files."""
        return {**self.env, **self.files}

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything in which a placeholder gives the merchant a value."""
        return (self.command, *self.settings.values(), self.cwd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """How a payment is started, and where its identifier is found in the answer."""

    call: CallTemplate
    """With an adapter and no `pay` key: method `ADAPTER`."""
    payment_id: str | None = None
    """An extractor (`tayari_target.answers`); None: the reference is the identifier."""
    message: str | None = None
    idempotency_header: str | None = None


NO_PAY = Pay(call=CallTemplate(method="NONE", path=""))
"""Of a merchant that takes no payments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSource:
    """How a payment's state is read: by `call`, or by one of the probes."""

    call: CallTemplate | None = None
    sql: str | None = None
    sql_url: str | None = None
    file: str | None = None
    command: str | None = None
    state: str = "$.status"
    message: str | None = None
    receipt: str | None = None
    credited: str | None = None
    """Extractor of the shillings credited for this payment, or of true/false."""
    states: Mapping[str, PaymentState] = field(default_factory=dict)
    """The merchant's word -> our state; `ANY_OTHER` stands for every word that is not named."""
    refresh: CallTemplate | None = None
    """Makes the merchant ask Daraja about a payment."""
    probe_timeout_s: float = 10.0
    """For `sql` and `command`."""

    def names(self, placeholder: str) -> bool:
        """Whether the state is read by this (`payment_id`, `reference`)."""
        if self.call is not None:
            return self.call.names(placeholder)
        return f"{{{placeholder}" in f"{self.sql} {self.file} {self.command}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSource:
    """Where the credits of a payment or of an account are read, sharper than one state word: by request, or by one of
    the probes. An account may show their sum alone.
    """

    way: StatusSource
    """Of its keys only those that say where to read."""
    credits: str | None = None
    """Extractor of the number of credits, or of the list of them."""
    total: str | None = None
    """Extractor of the sum credited, in shillings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Where the stored raw callback messages are read."""

    call: CallTemplate
    messages: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A request whose answer lists texts: alerts for staff, unallocated payments, a statement."""

    call: CallTemplate
    texts: str
    """Extractor of the texts, all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """How an account that customers pay into (C2B) is opened, and where its number is found."""

    call: CallTemplate
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class C2b:
    """Payments that customers begin themselves: where they pay, and where the merchant shows what it made of them."""

    short_code: str = ""
    """Empty: that of the `daraja` section."""
    register: CallTemplate | None = None
    """Makes the merchant register its URLs; None: it does so when it starts."""
    open_account: OpenAccount | None = None
    accounts: tuple[str, ...] = ()
    """Numbers of accounts that exist already."""
    account: CreditSource | None = None
    unallocated: Listing | None = None
    statement: Listing | None = None
    recover: CallTemplate | None = None
    """Makes the merchant ask for lost payments (pull transactions); None: it does so by itself."""
    validation: bool = True
    """Whether M-Pesa asks the merchant before a payment is made."""

    @property
    def can_be_followed(self) -> bool:
        """Whether every payment can have an account of its own, and be seen on it."""
        return self.open_account is not None and self.account is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityBalance:
    """Where staff read what is on the utility account, from which payouts are paid."""

    call: CallTemplate
    utility: str
    """Extractor of its shillings."""
    refresh: CallTemplate | None = None
    """Makes the merchant ask M-Pesa; None: it asks by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletSource:
    """The balance that a payout is taken from, which the merchant keeps: a customer's wallet, or a budget."""

    way: StatusSource
    """Of its keys only those that say where to read."""
    available: str
    """Extractor of the shillings that can still be paid out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """How the merchant is asked to pay somebody, and how the payout is read."""

    call: CallTemplate
    payout_id: str | None = None
    """An extractor; None: the reference is the identifier."""
    message: str | None = None
    status: StatusSource | None = None
    alerts: Listing | None = None
    approve: CallTemplate | None = None
    """Lets one payout go, where a second person has to agree."""
    resume: CallTemplate | None = None
    """Lets a merchant that has stopped its payouts go on."""
    balance: UtilityBalance | None = None
    wallet: WalletSource | None = None

    @property
    def pays_businesses(self) -> bool:
        """Whether it pays other organisations (B2B): then the request names the short code that is paid."""
        return self.call.names("party_b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """How the merchant is asked to give a payment back, and how the refund is read."""

    call: CallTemplate
    refund_id: str | None = None
    """An extractor; None: the payment's identifier is the refund's."""
    message: str | None = None
    status: StatusSource | None = None
    """`paid`: the money is back with the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What the merchant says of itself; rules hold it to that."""

    reconcile_within_s: float = 60.0
    """A payment whose callback never comes is settled by query within this time."""
    queries_per_minute: float | None = None
    answer_within_s: float = 10.0
    """The start of a payment is answered within this time while Daraja is well."""
    payments_at_once: int | None = None
    """The most checks that run, and payments that start, at once; None: as many as the merchant keeps up with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """The integration under test."""

    name: str
    base_url: str
    """Without a trailing slash; may hold `{port}` where Tayari starts the merchant."""
    pay: Pay = NO_PAY
    pay_again: Pay | None = None
    """How a payment that has failed is tried again; None: by `pay`."""
    start: Start | None = None
    capabilities: frozenset[str] = frozenset({"stk_push", "stk_query"})
    capabilities_named: bool = False
    """The file names them; else they are what a merchant usually does."""
    status: StatusSource | None = None
    ledger: CreditSource | None = None
    audit: Audit | None = None
    c2b: C2b | None = None
    payout: Payout | None = None
    refund: Refund | None = None
    login: tuple[CallTemplate, ...] = ()
    adapter: str | None = None
    """`module:Class` of a `tayari_target.adapter.Adapter`."""
    headers: Mapping[str, str] = field(default_factory=nothing)
    timeout_s: float = 30.0
    max_answer_bytes: int = 2_000_000
    """A longer answer, decompressed, counts as none: the rest of it is not read."""
    promises: Promises = field(default_factory=Promises)

    @property
    def takes_payments(self) -> bool:
        """Whether the file says how a payment is started; a merchant may only pay out."""
        return self.pay is not NO_PAY

    def does(self, what: str) -> bool:
        """Whether the file describes `c2b`, `payout` or `refund`, or names it among the capabilities."""
        return getattr(self, what) is not None or what in self.capabilities

    @property
    def takes_callbacks(self) -> bool:
        """Whether the merchant learns results by callback; else it settles by status queries alone."""
        return "no_callbacks" not in self.capabilities

    @property
    def shows_state(self) -> bool:
        """Whether the file says how the state of a payment, or of a payout, is read."""
        return self.status is not None or (self.payout is not None and self.payout.status is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the load run must keep, judged on settled payments."""

    payment_p95_s: float = 10.0
    success_rate: float = 0.95
    failure_rate: float = 0.05
    concurrent_users: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One `tayari.yaml`."""

    path: Path
    merchant: Merchant
    daraja: DarajaAccount
    callbacks: CallbackRoute = field(default_factory=CallbackRoute)
    thresholds: Thresholds = field(default_factory=Thresholds)
    sha256: str = ""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Every value that came from `env:NAME`, and passwords of initiators: no report may show one."""

    @property
    def c2b_short_code(self) -> str:
        """What customers pay to by themselves."""
        c2b = self.merchant.c2b
        return (c2b.short_code if c2b is not None else "") or self.daraja.short_code
