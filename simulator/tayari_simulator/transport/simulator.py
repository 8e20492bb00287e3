"""The running simulator as the control API and the server see it: one object, whose methods they call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any, Final

import orjson

from tayari_simulator.apis import registry as endpoints
from tayari_simulator.apis.b2b_express import EXPRESS_CALLBACK
from tayari_simulator.apis.bill_payment import PAYMENT_PUSH
from tayari_simulator.apis.c2b import c2b_payment as c2b
from tayari_simulator.apis.c2b.messages import BUY_GOODS, C2B_CONFIRMATION, C2B_VALIDATION, PAY_BILL
from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.apis.core.security_credential import SecurityCredentials
from tayari_simulator.apis.ratiba import RATIBA_CALLBACK
from tayari_simulator.apis.stk.stk_callback import SOURCE_ADDRESSES, STK_CALLBACK
from tayari_simulator.catalogue.options import Options
from tayari_simulator.clock import make_clock
from tayari_simulator.config import A_PAYMENT_BYTES, FEWEST_PAYMENTS, Config
from tayari_simulator.journal.entries import Question, to_dict
from tayari_simulator.journal.memory import Journal, in_turns, whole_page
from tayari_simulator.journal.pending import PendingFile
from tayari_simulator.journal.resume import Behaviours, Resumed, resume
from tayari_simulator.journal.sqlite_file import JournalFile, JournalSearch
from tayari_simulator.state.behaviour import Choose, Delivery
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.transactions import Transaction
from tayari_simulator.state_folder import initiator_key
from tayari_simulator.transport.callbacks.allowed_targets import TargetRefused, Targets
from tayari_simulator.transport.callbacks.callback_sender import CallbackSender, DeliveryOutcome, send_ordered
from tayari_simulator.transport.connections.daraja_port import DarajaApp
from tayari_simulator.transport.connections.listener import Listener
from tayari_simulator.transport.connections.server_protocol import ServerConnections
from tayari_simulator.transport.interception.interception import Interception
from tayari_simulator.transport.interception.record import InterceptionRecord
from tayari_simulator.transport.metrics import MetricSources, balance, limits_of, measured
from tayari_simulator.transport.monitor import Failures, Monitor
from tayari_simulator.transport.payment_views import business_of, configured, transaction_dict, transactions_of
from tayari_simulator.transport.scheduler import ClockAdvance, ClockIsReal, Scheduler, drained
from tayari_simulator.transport.wait_conditions import CONDITIONS, WaitConditions, Waiting

__all__ = ["CONDITIONS", "ClockIsReal", "DeliveryOutcome", "Simulator", "TargetRefused"]

Json = dict[str, Any]

NO_INTERCEPTION: Final[Mapping[str, None]] = MappingProxyType({"tls_url": None, "proxy_url": None, "ca_file": None})


class Simulator:
    """One fake Daraja with its clock, journal, ports and callback sender. Used from one event loop."""

    def __init__(
        self,
        config: Config,
        *,
        choose: Choose | None = None,
        behaviours: Behaviours = lambda _: None,
    ) -> None:
        """Put it together; nothing is opened but the journal, whose pending payments are taken over.

        `behaviours` finds the scenarios that these had met.

        Raises:
            ClockError, OptionError, TargetRefused, JournalFileError: the configuration cannot be used.
        """
        self.config = config
        self.clock = make_clock(config.clock)
        self.options = Options(config.profile, config.options)
        targets = Targets(config)
        self._random = Random(config.seed)
        self.daraja = Dispatcher(
            business_of(config), self.options, uniform=self._random.random, choose=choose,
            organisations=config.organisations,
        )  # fmt: skip
        self.daraja.state.credentials = SecurityCredentials(partial(initiator_key, config.state_folder))
        self.daraja.state.ids.begin(int(self.clock.now_s()))
        self.daraja.state.transactions.most = max(FEWEST_PAYMENTS, config.journal_bytes // A_PAYMENT_BYTES)
        self.failures = Failures()
        self._file = JournalFile(config.journal_file, self.failures.note) if config.journal_file else None
        self.entries = Journal(most_bytes=config.journal_bytes, sink=self._file.add if self._file else None)
        self._keeper: PendingFile | None = None
        self.resumed = Resumed()
        if self._file is not None:
            self._keeper, self.resumed = resume(self.daraja, self.clock, self._file.path, behaviours)
            self.entries.next_seq = self._file.last_seq + 1
        self.waiting = Waiting(self.entries)
        watchers = self.waiting.watchers
        self.callback_sender = CallbackSender(self.daraja, self.entries, self.clock, targets, watchers,
                                              headers=self.source_headers(), failures=self.failures)  # fmt: skip
        self._scheduler = Scheduler(self.clock, self.daraja, self.callback_sender.send, watchers, self.failures)
        self.callback_sender.planned = self._scheduler.arm
        self._app = DarajaApp(self.daraja, self.entries, self.clock, self._scheduler)
        self._conditions = WaitConditions(self.daraja, self.entries, self.waiting, self._in_flight)
        self.advancing = ClockAdvance(self.clock, self.daraja, self._scheduler, self._in_flight)
        self._monitor = Monitor()
        self._metric_sources = MetricSources(
            state=self.daraja.state, callback_sender=self.callback_sender, entries=self.entries,
            monitor=self._monitor, file=self._file, keeper=self._keeper, failures=self.failures,
        )  # fmt: skip
        self._limits = limits_of(self._metric_sources)
        self._connections: ServerConnections | None = None
        self._listener: Listener | None = None
        self.interception: Interception | None = None
        """Set by `start` where the configuration asks for it."""
        self._started_at = self.clock.wall_s()
        self.control_url = ""
        """Set when the control port is opened."""

    @property
    def daraja_url(self) -> str:
        """The base URL of the Daraja port; empty before `start`."""
        return self._listener.url if self._listener is not None else ""

    async def start(self) -> None:
        """Open the Daraja port, and where the configuration says so the ports of an interception.

        Raises:
            OSError: the Daraja port is taken. PortTaken, AuthorityError: see `Interception.open`.
        """
        self._connections = self._app.build()
        self._app.listener = self._listener = Listener(self._connections, self.config.host, self.config.port)
        await self._listener.open()
        if self.config.tls:
            self.interception = await Interception.open(self.config, self._connections, self._listener)
        self._monitor.start()
        self._limits.start()
        self._scheduler.arm()

    async def drain(self, within_s: float) -> Json:
        """Take no more calls; let plans due within a number of real seconds happen. Returns the balance after it."""
        assert self._listener is not None
        await self._listener.close()
        await drained(self.daraja, self.clock, self._in_flight, within_s)
        return self.balance()

    async def close(self) -> None:
        """Close ports, connections and journal. Callbacks under way stay pending beside the journal."""
        self.daraja.state.keeper = None
        if self._keeper is not None:
            self._keeper.close()
        self._scheduler.close()
        self._monitor.stop()
        self._limits.stop()
        if self._listener is not None:
            await self._listener.close()
        if self._connections is not None:
            await self._connections.close()
        if self.interception is not None:  # last: calls under way are answered through it
            await self.interception.close()
        self.callback_sender.close()
        if self._file is not None:
            self._file.close()

    def settings(self) -> Json:
        """`GET /v1/settings`."""
        return {
            "daraja_url": self.daraja_url,
            "control_url": self.control_url,
            **(self.interception.ready() if self.interception is not None else NO_INTERCEPTION),
            **configured(self.config),
            "callback_hosts": ["loopback", *sorted(self.callback_sender.hosts)],
            "options": self.options.to_dict(),
            "started_at": self._started_at,
        }

    def now_s(self) -> float:
        """The clock's seconds since the epoch (virtual, unless the clock is real)."""
        return self.clock.now_s()

    def reset(self) -> None:
        """Forget payments, tokens, wallets, an outage, and the journal. Queued scenarios belong to who chooses."""
        if self._keeper is not None:
            self._keeper.forgot()
        self.daraja.forget()
        self._limits.clear()
        self.entries.clear()
        if self.interception is not None:
            self.interception.record.clear()
        if self._listener is not None and not self._listener.is_open:
            self._listener.open_soon()
        self.changed()

    def refuse_connections(self, for_s: float, *, silent: bool = False) -> None:
        """Close the Daraja port, or let it neither refuse nor answer; open it again after a number of real seconds."""
        assert self._listener is not None
        self._listener.close_for(for_s, silent=silent)

    async def end_outage(self) -> bool:
        """Open the Daraja port now; returns whether it was closed."""
        assert self._listener is not None
        return await self._listener.open_now()

    def pay_c2b(self, *, short_code: str, msisdn: str, amount: int, reference: str, buy_goods: bool = False) -> Json:
        """A customer pays a short code, as with the simulate API but without a token: the payment.

        Raises:
            LookupError: the short code is unknown.
        """
        state, (now_s, wall_s) = self.daraja.state, self.clock.both_s()
        if state.organisations.find(short_code) is None:
            raise LookupError(short_code)
        exchange = JournalExchange(ExchangeKind.CONTROL, c2b.KIND, "POST", "/v1/c2b", (), b"", now_s, wall_s)
        command = BUY_GOODS if buy_goods else PAY_BILL
        transaction = c2b.pay_chosen(
            state, exchange, short_code=short_code, command=command, amount=amount, msisdn=msisdn, reference=reference
        )
        self.changed()
        return transaction_dict(transaction)

    async def advance(self, *, by_s: float | None = None, to_next: bool = False, until_idle: bool = False) -> Json:
        """Move a manual clock: `now_s`, `fired`. Exactly one of the three.

        Raises:
            ClockIsReal: it runs by itself.
            ValueError: none of the three, or more than one.
        """
        fired = await self.advancing.move(by_s=by_s, to_next=to_next, until_idle=until_idle)
        return {"now_s": self.now_s(), "fired": fired}

    def transaction(self, transaction_id: str) -> Transaction | None:
        """The transaction with this id, or this other id of it, if it is still remembered."""
        return self.daraja.state.transactions.find_by_any_id(transaction_id)

    async def all_transactions(
        self, *, msisdn: str | None = None, transaction_id: str | None = None, reference: str | None = None
    ) -> list[bytes]:
        """`GET /v1/payments`, oldest first: each as JSON already, without holding the event loop for long."""
        rows = transactions_of(self.daraja.state.transactions, msisdn, transaction_id, reference)
        return await in_turns(rows, lambda row: orjson.dumps(transaction_dict(row)))

    async def whole_journal(self, question: Question, *, limit: int = 1000) -> tuple[list[bytes], Json]:
        """`GET /v1/journal`: the entries, each as JSON already, then `next` and `dropped`.

        What memory has dropped comes from the file.
        """
        search = JournalSearch(self._file.path) if self._file is not None else None
        question = self._with_own_id(question)
        found, following = await whole_page(self.entries, search, question, limit)
        rows = await in_turns(found, lambda entry: orjson.dumps(self._entry(entry)))
        return rows, {"next": following, "dropped": 0 if self._file is not None else self.entries.dropped}

    def _with_own_id(self, question: Question) -> Question:
        """Entries carry the id of their transaction, whichever of its ids was asked for."""
        if question.transaction_id is None:
            return question
        found = self.transaction(question.transaction_id)
        return question if found is None else replace(question, transaction_id=found.id)

    async def wait(
        self,
        condition: str,
        *,
        timeout_s: float,
        msisdn: str | None = None,
        transaction_id: str | None = None,
        count: int = 1,
        since: int = 0,
    ) -> Json:
        """`met`, `entries`, `waited_s`. Raises ValueError for a condition that is none of `CONDITIONS`."""
        began = time.monotonic()
        where = self._with_own_id(Question(msisdn=msisdn, transaction_id=transaction_id, since=since))
        met, found = await self._conditions.wait(condition, where, count=count, timeout_s=timeout_s)
        waited_s = round(time.monotonic() - began, 6)
        return {"met": met, "entries": [self._entry(entry) for entry in found], "waited_s": waited_s}

    def source_headers(self, source: str | None = None) -> tuple[tuple[str, str], ...]:
        """The configured source header with this address (None: one of Safaricom's); empty when none is configured."""
        if self.config.source_header is None:
            return ()
        return ((self.config.source_header, source or SOURCE_ADDRESSES[0]),)

    async def send(
        self, deliveries: Sequence[Delivery], *, parallel: bool = False, gap_s: float = 0.0, timeout_s: float = 30.0
    ) -> list[DeliveryOutcome]:
        """Send callbacks now, one after another `gap_s` apart, or all at once; journalled with kind `control`.

        Raises:
            TargetRefused: a host is not allowed; then nothing at all was sent.
        """
        targets = [self.callback_sender.resolve(row, genuine=self._is_own_url(row)) for row in deliveries]
        pairs = list(zip(deliveries, targets, strict=True))
        return await send_ordered(self.callback_sender, pairs, parallel=parallel, gap_s=gap_s, timeout_s=timeout_s)

    def schemas(self) -> Json:
        """JSON Schemas by name: requests, made from the endpoint table, and the messages to the merchant."""
        return {
            **endpoints.schemas(self.options),
            "stk_callback": dict(STK_CALLBACK),
            "c2b_validation": dict(C2B_VALIDATION),
            "c2b_confirmation": dict(C2B_CONFIRMATION),
            "b2b_express_callback": EXPRESS_CALLBACK,
            "ratiba_callback": dict(RATIBA_CALLBACK),
            "bill_payment_push": PAYMENT_PUSH,
        }

    def intercepted(self) -> Json:
        """`calls` by host and end, as the TLS port and the forward proxy saw them; `others`: of further hosts."""
        record = self.interception.record if self.interception is not None else InterceptionRecord()
        return record.to_dict()

    def metrics(self) -> dict[str, float]:
        """Counters and gauges by Prometheus name (`tayari_pushes_accepted_total`, ...)."""
        return measured(self._metric_sources, self._limits)

    def journal_lost(self) -> int:
        """Entries, or steps of payments, that the disk refused since the start."""
        return self._metric_sources.lost()

    def limits(self) -> Json:
        """`GET /v1/limits`."""
        self._limits.catch_up()
        return self._limits.to_dict()

    def balance(self) -> Json:
        """`GET /v1/balance`."""
        return balance(self.daraja.state, under_way=self.callback_sender.under_way)

    def _in_flight(self) -> int:
        return self.callback_sender.in_flight

    def changed(self) -> None:
        """Something happened: wake the calls that wait for a condition, and let the scheduler look at the next plan."""
        for watcher in self.waiting.watchers:
            watcher()
        self._scheduler.arm()

    def _entry(self, entry: JournalExchange) -> Json:
        return to_dict(entry, daraja_url=self.daraja_url)

    def _is_own_url(self, delivery: Delivery) -> bool:
        """Whether it goes to the payment's own callback URL: then `deliver_to` speaks for it too."""
        transaction = self.transaction(delivery.transaction_id)
        return transaction is not None and transaction.url == delivery.url
