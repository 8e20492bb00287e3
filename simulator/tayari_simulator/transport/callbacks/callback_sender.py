"""Sends callbacks: the target is checked, the call is journalled with its answer, a retry is planned.

Daraja sends its own; the control API orders others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from tayari_simulator.apis.core.daraja_state import DeliveryAnswer
from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.clock import Clock
from tayari_simulator.journal.entries import text
from tayari_simulator.journal.memory import Journal
from tayari_simulator.state.behaviour import Call, Delivery
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.raw_headers import RawHeaders
from tayari_simulator.state.transactions import Ending, Transaction
from tayari_simulator.transport.callbacks.allowed_targets import CallbackTarget, TargetRefused, Targets
from tayari_simulator.transport.callbacks.callback_client import CallbackClient, Sending
from tayari_simulator.transport.monitor import Failures

MOST_HEADS: Final = 1024
MOST_LATE: Final = 6_000
_CALLBACK, _CALL, _CALLED_BACK = ExchangeKind.CALLBACK, Call.CALLBACK, Ending.CALLED_BACK
"""Each callback asks for them; reading a member of an enumeration is slow in Python 3.11."""
Headers = tuple[tuple[str, str], ...]
Done = Callable[[JournalExchange], None]
Json = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class CallbackCounts:
    """The outcomes of callbacks since the start."""

    sent: int = 0
    answered: int = 0
    failed: int = 0
    refused: int = 0
    late_s: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LATE))
    """How long after their planned time the last callbacks were written."""
    own_late_s: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LATE))
    """The part of that before they were handed to the merchant's queue, in real seconds; its reader empties it."""

    def late_p_s(self, part: float) -> float:
        """The lateness that this part of the last callbacks stayed below."""
        late = sorted(self.late_s)
        return late[int(len(late) * part)] if late else 0.0


class CallbackSender:
    """Sends what the APIs plan, and what the control API asks for."""

    def __init__(self, daraja: Dispatcher, journal: Journal, clock: Clock, targets: Targets,
                 watchers: Sequence[Callable[[], None]], *, headers: Headers, failures: Failures) -> None:  # fmt: skip
        """`headers` are added to every callback of Daraja's own; `watchers` are called when an answer has come."""
        self._daraja = daraja
        self._journal = journal
        self._clock = clock
        self._targets = targets
        self.hosts = targets.hosts
        self._headers = headers
        self._failures = failures
        self._client = CallbackClient()
        self._heads: dict[tuple[str, str, Headers], tuple[bytes, RawHeaders]] = {}
        self._answers: dict[RawHeaders, RawHeaders] = {}
        self._timeout_s = daraja.state.options.number("callback_timeout_s")
        self._retries = int(daraja.state.options.number("callback_retries"))
        self._retry_gap_s = daraja.state.options.number("callback_retry_gap_s")
        self.counts = CallbackCounts()
        self._began_s = clock.now_s()
        """What was due before, in an earlier process, is not late."""
        self.in_flight = 0
        self.under_way = 0
        """Of those in flight, the callbacks that came of payments: the control API ordered the others."""
        self._watchers = watchers
        self._when_answered = self._answered  # made once: each callback needs it
        self.planned: Callable[[], None] = lambda: None
        """Called when an answer plans something for later; set by the owner."""

    def send(self, delivery: Delivery) -> None:
        """Send a callback of Daraja's own. One that cannot be sent is journalled with the reason."""
        try:
            self._send(delivery)
        except Exception as error:  # noqa: BLE001 - the callback ends with it as its reason
            self._failures.note("sending a callback")
            transaction = self._daraja.state.transactions.find(delivery.transaction_id)
            self._refuse(delivery, transaction, f"not sent, because of a defect of the simulator: {error!r}")

    def _send(self, delivery: Delivery) -> None:
        transaction = self._daraja.state.transactions.find(delivery.transaction_id)
        try:
            target = self._targets.resolve(delivery.url)
        except TargetRefused as refused:
            self._refuse(delivery, transaction, str(refused))
            return
        if self._headers:
            delivery.headers = (*delivery.headers, *self._source_of(delivery))
        if self._clock.speed:  # a manual clock has none
            late_s = self._clock.now_s() - max(delivery.due_s, self._began_s)
            self.counts.own_late_s.append(late_s / self._clock.speed)
        head, raw = self._head(target, delivery)
        exchange = _exchange(ExchangeKind.CONTROL if delivery.forged_from else _CALLBACK, delivery, target, raw)
        if transaction is not None:
            exchange.scenario = transaction.play.behaviour.name if transaction.play else ""
            if not delivery.forged_from:
                transaction.callbacks += (exchange,)
        self.under_way += 1
        timeout_s = delivery.timeout_s or self._timeout_s
        sending = Sending(target, head, exchange, timeout_s, self._when_answered, self._clock)
        sending.delivery, sending.transaction = delivery, transaction
        self._submit(sending)

    def resolve(self, delivery: Delivery, *, genuine: bool) -> CallbackTarget:
        """Where an ordered callback goes. Raises TargetRefused."""
        return self._targets.resolve(delivery.url, genuine=genuine)

    def send_ordered(self, delivery: Delivery, target: CallbackTarget, timeout_s: float, done: Done) -> None:
        """Send a callback that the control API ordered; `done` gets the finished exchange."""
        head, raw = self._head(target, delivery)
        exchange = _exchange(ExchangeKind.CONTROL, delivery, target, raw)

        def finished(_: Sending) -> None:
            self._record(exchange)
            done(exchange)
            for watcher in self._watchers:
                watcher()

        self._submit(Sending(target, head, exchange, timeout_s, finished, self._clock))

    @property
    def waiting(self) -> int:
        """How many callbacks wait for a free connection to their merchant."""
        return self._client.waiting

    def close(self) -> None:
        """Drop all connections."""
        self._client.close()

    def _source_of(self, delivery: Delivery) -> Headers:
        """The configured source header: Daraja's address in it, or the stranger's who forged this."""
        if not delivery.forged_from:
            return self._headers
        return tuple((name, delivery.forged_from) for name, _ in self._headers)

    def _submit(self, sending: Sending) -> None:
        self.in_flight += 1
        self.counts.sent += 1
        self._client.submit(sending)

    def _head(self, target: CallbackTarget, delivery: Delivery) -> tuple[bytes, RawHeaders]:
        """The header lines without Content-Length, as bytes and as the journal keeps them."""
        key = (target.origin.authority, delivery.content_type, delivery.headers)
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            head = self._heads[key] = _head_of(*key)
        return head

    def _answered(self, sending: Sending) -> None:
        """A callback of Daraja's own is over: answered, or not."""
        exchange, delivery, transaction = sending.exchange, sending.delivery, sending.transaction
        assert delivery is not None
        self._record(exchange)
        if exchange.sent:
            self.counts.late_s.append(exchange.at_s - exchange.due_s)
        self.under_way -= 1
        if transaction is not None:
            transaction.pending -= 1
            if not delivery.forged_from:
                transaction.ending = _CALLED_BACK
            if delivery.precedes:
                answer = DeliveryAnswer(exchange.status, exchange.response_body, self._clock.now_s())
                self._daraja.answered(transaction, answer)
                self.planned()
            if delivery.attempts_left and not _accepted(exchange):
                self._attempt_again(transaction, delivery)
            elif (
                exchange.status != 200
                and self._retries
                and not delivery.forged_from
                and self._may_repeat(transaction, delivery)
                and len(transaction.callbacks) <= self._retries
            ):
                self._retry(transaction, delivery)
            self._finish(transaction, delivery)
        for watcher in self._watchers:
            watcher()

    def _may_repeat(self, transaction: Transaction, delivery: Delivery) -> bool:
        """C2B messages are sent once, those about an STK payment too. Source: reference 1.9."""
        lifecycle = self._daraja.state.lifecycles[transaction.kind]
        return lifecycle.repeats and delivery.url in (transaction.url, transaction.timeout_url)

    def _finish(self, transaction: Transaction, delivery: Delivery) -> None:
        """A callback is over; the payment may be, too."""
        state = self._daraja.state
        if not transaction.pending:
            state.end_if_finished(transaction)
        if state.keeper is not None:
            state.keeper.done(transaction, delivery)

    def _retry(self, transaction: Transaction, delivery: Delivery) -> None:
        state = self._daraja.state
        headers = state.callback_headers if state.lifecycles[transaction.kind].names_short_code else ()
        again = Delivery(
            self._clock.now_s() + self._retry_gap_s, delivery.url, delivery.body, delivery.transaction_id,
            delivery.msisdn, delivery.method, delivery.content_type, headers,
            f"retry {len(transaction.callbacks)} of {self._retries}",
        )  # fmt: skip
        self._plan_again(transaction, again)

    def _attempt_again(self, transaction: Transaction, delivery: Delivery) -> None:
        """Send a message once more that the merchant has to accept. The gap is not documented."""
        again = replace(
            delivery, due_s=self._clock.now_s() + self._retry_gap_s, number=0, attempts_left=delivery.attempts_left - 1
        )
        self._plan_again(transaction, again)

    def _plan_again(self, transaction: Transaction, again: Delivery) -> None:
        transaction.pending += 1
        if self._daraja.state.keeper is not None:
            self._daraja.state.keeper.planned(transaction, again)
        self._daraja.later(again)
        self.planned()

    def _record(self, exchange: JournalExchange) -> None:
        self.in_flight -= 1
        if exchange.status:
            self.counts.answered += 1
        else:
            self.counts.failed += 1
        if not exchange.wall_at_s:
            exchange.at_s, exchange.wall_at_s = self._clock.both_s()
        exchange.response_headers = self._same_answer(exchange.response_headers)
        self._journal.add(exchange)

    def _same_answer(self, headers: RawHeaders) -> RawHeaders:
        """A merchant's headers without the date, which makes them equal from one answer to the next."""
        known = self._answers.get(headers)
        if known is None:
            if len(self._answers) >= MOST_HEADS:
                self._answers.clear()
            dateless = tuple(pair for pair in headers if pair[0].lower() != b"date")
            known = self._journal.same_headers(dateless)
            if type(known) is tuple:
                self._answers[headers] = known
        return known

    def _refuse(self, delivery: Delivery, transaction: Transaction | None, why: str) -> None:
        exchange = JournalExchange(
            ExchangeKind.CALLBACK, Call.CALLBACK, delivery.method, delivery.url, (), delivery.body, self._clock.now_s(),
            self._clock.wall_s(),
        )  # fmt: skip
        exchange.msisdn = delivery.msisdn
        exchange.transaction_id = delivery.transaction_id
        exchange.note = delivery.note
        exchange.due_s = delivery.due_s
        exchange.error = why
        self.counts.refused += 1
        if transaction is not None:
            transaction.pending -= 1
            transaction.ending = transaction.ending or Ending.NOT_ALLOWED
            transaction.callbacks += (exchange,)
            if delivery.precedes:
                self._daraja.answered(transaction, DeliveryAnswer(0, b"", self._clock.now_s()))
            self._finish(transaction, delivery)
        log.warning("%s", why)
        self._journal.add(exchange)


def _accepted(exchange: JournalExchange) -> bool:
    """Whether a merchant took a payment push: HTTP 200, and no `rescode` but 200. Source: reference 3.13."""
    if exchange.status != 200:
        return False
    try:
        answer = orjson.loads(exchange.response_body)
    except orjson.JSONDecodeError:
        return True
    return not isinstance(answer, dict) or str(answer.get("rescode", "200")) == "200"


def _exchange(kind: ExchangeKind, delivery: Delivery, target: CallbackTarget, raw: RawHeaders) -> JournalExchange:
    exchange = JournalExchange(kind, _CALL, delivery.method, target.url, raw, delivery.body, delivery.due_s, 0.0)
    exchange.msisdn = delivery.msisdn
    exchange.transaction_id = delivery.transaction_id
    exchange.note = delivery.note
    exchange.due_s = delivery.due_s
    return exchange


def _head_of(authority: str, content_type: str, headers: Headers) -> tuple[bytes, RawHeaders]:
    """Header lines; one that is given by name replaces the usual one. Line breaks become blanks."""
    given = {name.lower() for name, _ in headers} | {"content-length"}
    rows = [(name, value) for name, value in (("Host", authority), ("Content-Type", content_type)) if value]
    rows = [row for row in rows if row[0].lower() not in given]
    rows += [row for row in headers if row[0].lower() != "content-length"]
    raw = tuple((_clean(name), _clean(value)) for name, value in rows)
    return b"".join(b"%b: %b\r\n" % pair for pair in raw), raw


def _clean(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutcome:
    """How one delivery ended. `status` None: no answer, and `error` says why."""

    url: str
    status: int | None
    body: str
    duration_s: float
    error: str

    @classmethod
    def of(cls, exchange: JournalExchange) -> DeliveryOutcome:
        """Read a finished exchange."""
        return cls(
            url=exchange.url,
            status=exchange.status or None,
            body=text(exchange.response_body),
            duration_s=round(exchange.duration_s, 6),
            error=exchange.error,
        )

    def to_dict(self) -> Json:
        """As the control API shows it."""
        return {
            "url": self.url,
            "status": self.status,
            "body": self.body,
            "duration_s": self.duration_s,
            "error": self.error,
        }


async def send_ordered(
    callback_sender: CallbackSender,
    pairs: Sequence[tuple[Delivery, CallbackTarget]],
    *,
    parallel: bool,
    gap_s: float,
    timeout_s: float,
) -> list[DeliveryOutcome]:
    """Send each to its target; the answers come in the order of the deliveries."""
    if parallel:
        return list(await asyncio.gather(*(_send(callback_sender, *pair, timeout_s) for pair in pairs)))
    answers = []
    for number, pair in enumerate(pairs):
        if number and gap_s:
            await asyncio.sleep(gap_s)
        answers.append(await _send(callback_sender, *pair, timeout_s))
    return answers


async def _send(
    callback_sender: CallbackSender, delivery: Delivery, target: CallbackTarget, timeout_s: float
) -> DeliveryOutcome:
    done: asyncio.Future[JournalExchange] = asyncio.get_running_loop().create_future()

    def finished(exchange: JournalExchange) -> None:
        if not done.done():
            done.set_result(exchange)

    callback_sender.send_ordered(delivery, target, timeout_s, finished)
    return DeliveryOutcome.of(await done)
