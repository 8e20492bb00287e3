"""The state of one Daraja: what the handlers of its endpoints read and change."""

from __future__ import annotations

from dataclasses import dataclass, field

from tayari_simulator.apis.business import Business
from tayari_simulator.apis.rules import Rules
from tayari_simulator.apis.stk_callback import Callbacks
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.results import ResultCode, Wording, find
from tayari_simulator.state.agenda import Agenda
from tayari_simulator.state.behaviour import Choose, Uniform
from tayari_simulator.state.held_callbacks import Holding
from tayari_simulator.state.identifiers import Ids
from tayari_simulator.state.keeper import Keeper
from tayari_simulator.state.ledger import Wallets
from tayari_simulator.state.reordering import Reordering
from tayari_simulator.state.tokens import Tokens
from tayari_simulator.state.transaction_store import Payments
from tayari_simulator.state.transactions import Ending, Payment


@dataclass(slots=True)
class Counts:
    """What has happened since the start; never reset."""

    pushes_accepted: int = 0
    accepted_before: int = 0
    """Of an earlier process whose payments this one took over; not in `pushes_accepted`."""
    results: int = 0
    endings: dict[Ending, int] = field(default_factory=lambda: dict.fromkeys(Ending, 0))
    """Payments for which nothing is to come any more."""
    forgotten: int = 0
    """Payments that were forgotten on demand while something was still to come."""
    refused: dict[str, int] = field(default_factory=dict)
    """Refusals by error code; what is no error of Daraja's by its status (`http_503`) or by what became of it."""

    def refuse(self, code: str) -> None:
        """Note one refusal."""
        self.refused[code] = self.refused.get(code, 0) + 1


class World:
    """All state, and the few collaborators that are handed in: numbers, and who chooses behaviours."""

    def __init__(self, business: Business, options: Options, *, uniform: Uniform, choose: Choose | None) -> None:
        self.business = business
        self.options = options
        self.rules = Rules.of(options)
        self.uniform = uniform
        self.choose = choose
        self.wording = Wording(options.text("wording"))
        self.ids = Ids(
            uniform,
            fraction_digits=int(options.text("id_fraction_digits")),
            classic=options.says("request_id_style", "classic"),
        )
        self.tokens = Tokens()
        self.payments = Payments()
        self.agenda = Agenda()
        self.reordering = Reordering(self.agenda)
        self.holding = Holding(self.agenda)
        self.wallets = Wallets()
        self.callbacks = Callbacks(options)
        self.counts = Counts()
        self.keeper: Keeper | None = None
        """Who keeps what must outlive the process, if anyone does."""
        self._texts: dict[int | str, str] = {}
        self.callback_headers: tuple[tuple[str, str], ...] = ()
        if options.says("callback_short_code_header", "on"):
            self.callback_headers = (("Businessshortcode", business.short_code),)

    def text_of(self, code: int | str) -> str:
        """The catalogue's wording for a code; a code without one says so itself."""
        known = self._texts.get(code)
        if known is None:
            row: ResultCode | None = find(code)
            known = row.wording(self.wording) if row is not None and row.text else f"Result code {code}"
            if row is not None:  # codes of no row have no end
                self._texts[code] = known
        return known

    def end_if_through(self, payment: Payment) -> None:
        """Count a payment for which nothing is to come any more; one that was forgotten is counted already."""
        if not payment.pending and payment.checkout_request_id in self.payments:
            payment.ending = payment.ending or Ending.DROPPED
            self.counts.endings[payment.ending] += 1

    def forget(self) -> None:
        """Back to the start: no payments, tokens, wallets, nothing planned."""
        self.counts.forgotten += sum(1 for payment in self.payments.all() if payment.pending)
        self.tokens.revoke()
        self.payments.clear()
        self.agenda.clear()
        self.reordering.clear()
        self.holding.clear()
        self.wallets.clear()
