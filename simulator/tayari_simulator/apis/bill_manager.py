"""`POST /v1/billmanager-invoice/...`: bills that customers are sent and pay by their account reference.

Source: reference 3.13, and 6-31 for the paths. What is refused with `rescode` 400 or 404 is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import (
    LONGEST_TEXT,
    Field,
    Fields,
    amount,
    amount_field,
    msisdn,
    one_of_numbers,
    short_code_field,
    text,
    text_field,
    text_schema,
    url_field,
)
from tayari_simulator.catalogue.errors import ERRORS, INVALID_FIELD, INVALID_PAYLOAD, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange, dumps

BASE: Final = "/v1/billmanager-invoice"
MOST_IN_A_CALL: Final = 1000
"""Invoices of one bulk call. Source: reference 3.13."""
MOST: Final = 20_000
"""Invoices that are remembered: the oldest go first. Assumed."""
LARGEST: Final = 999_999_999
"""Shillings of an invoice. No limit is documented; assumed."""

Handle = Callable[[DarajaState, JournalExchange, list[Any]], Reply]
_SAYS: Final = "reference 3.13"
_KEYS: Final = (b"app_key", b"appkey")
"""The header that carries the key of the opt-in, in its two spellings."""


@dataclass(slots=True, kw_only=True)
class OptIn:
    """An organisation that uses Bill Manager."""

    short_code: str
    app_key: str
    callback_url: str


@dataclass(slots=True, kw_only=True)
class Invoice:
    """One bill."""

    reference: str
    """`externalReference`: the merchant's own."""
    account: str
    """`accountReference`: what the customer pays with."""
    msisdn: str
    name: str
    due: str
    amount: int
    items: tuple[tuple[str, int], ...] = ()
    paid: int = 0
    cancelled: bool = False


@dataclass(slots=True)
class BillBook:
    """All opt-ins and invoices."""

    opt_ins: dict[str, OptIn] = field(default_factory=dict)
    """By short code."""
    invoices: dict[str, Invoice] = field(default_factory=dict)
    """By the merchant's reference, the oldest first."""

    def add(self, invoice: Invoice) -> None:
        """Remember an invoice; a known reference is changed, and what was paid on it stays paid."""
        known = self.invoices.pop(invoice.reference, None)
        if known is not None:
            invoice.paid = known.paid
        elif len(self.invoices) >= MOST:
            del self.invoices[next(iter(self.invoices))]
        self.invoices[invoice.reference] = invoice

    def pay(self, account: str, shillings: int) -> Invoice | None:
        """Note a payment on the oldest invoice of this account that is open; None: there is none."""
        for invoice in self.invoices.values():
            if invoice.account == account and not invoice.cancelled and invoice.paid < invoice.amount:
                invoice.paid += shillings
                return invoice
        return None


def _phone_field(name: str) -> Field:
    return Field(name=name, read=_phone, schema=text_schema(), about="a phone, 07..., 01... or 254...", source=_SAYS)


def _date_field(name: str) -> Field:
    about, schema = "YYYY-MM-DD, with or without a time", {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d"}
    return Field(name=name, read=_date, schema=schema, about=about, source=_SAYS)


def opt_in_fields(options: Options) -> Fields:
    """Of the opt-in, and of a change to it."""
    rows = (
        short_code_field("shortcode", "who sends the bills", _SAYS),
        text_field("email", "where Safaricom writes to", _SAYS),
        _phone_field("officialContact"),
        Field(name="sendReminders", read=one_of_numbers(("0", "1")), schema={"enum": ["0", "1", 0, 1]},
              about="0 or 1, as text or a number", source=_SAYS),
        Field(name="logo", read=text(LONGEST_TEXT, required=False), schema={}, about="a picture; may be empty",
              required=False, source=_SAYS),
        url_field("callbackurl", "the URL that payments are sent to", _SAYS, options),
    )  # fmt: skip
    return Fields(rows)


def invoice_fields(options: Options) -> Fields:
    """Of one invoice."""
    rows = (
        text_field("externalReference", "the merchant's own id of the invoice", _SAYS),
        text_field("billedFullName", "the customer", _SAYS),
        _phone_field("billedPhoneNumber"),
        text_field("billedPeriod", "such as October 2026", _SAYS),
        text_field("invoiceName", "what is billed", _SAYS),
        _date_field("dueDate"),
        text_field("accountReference", "what the customer pays with", _SAYS),
        amount_field("amount", "whole shillings, from 1", _SAYS, options, LARGEST),
        Field(name="invoiceItems", read=_items, schema={"type": "array", "items": {"type": "object"}},
              about="a list of itemName and amount, or of Item and Amount", required=False, source="reference 6-31"),
    )  # fmt: skip
    return Fields(rows)


def cancel_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """Of an invoice that is to be cancelled."""
    return Fields((text_field("externalReference", "the merchant's own id of the invoice", _SAYS),))


def reconciliation_fields(options: Options) -> Fields:
    """Of a payment that the merchant has booked."""
    rows = (
        _date_field("paymentDate"),
        amount_field("paidAmount", "whole shillings, from 1", _SAYS, options, LARGEST),
        text_field("accountReference", "what the customer paid with", _SAYS),
        text_field("transactionId", "the receipt", _SAYS),
        _phone_field("phoneNumber"),
        text_field("fullName", "the customer", _SAYS),
        text_field("invoiceName", "what was billed", _SAYS),
        text_field("externalReference", "the merchant's own id of the invoice", _SAYS),
    )  # fmt: skip
    return Fields(rows)


def own_form(exchange: JournalExchange, refused: Refused) -> Reply | None:  # noqa: ARG001 - the shape of a row
    """A refused field in Bill Manager's own form (assumed); a bad token in Daraja's envelope, as documented."""
    if refused.spec not in (INVALID_FIELD, INVALID_PAYLOAD):
        return None
    message = (refused.spec.message or "").format_map({"field": refused.fill.get("field", "")})
    return _answer("400", "Bad Request", message, status=400, errors=[message])


def opt_in(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Begin to use Bill Manager. A second opt-in gets the same key (assumed).

    Raises:
        Refused: an unknown short code.
    """
    made = _opted_in(state, values)
    key = made.app_key
    exchange.note = f"{made.short_code} uses Bill Manager with the key {key}"
    return Reply(200, dumps({"app_key": key, "resmsg": "Success", "rescode": "200"}))


def change_opt_in(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Change what the opt-in said; who did not opt in before does so now (assumed).

    Raises:
        Refused: an unknown short code, or no key where one is required.
    """
    _check_key(state, exchange)
    _opted_in(state, values)
    return Reply(200, dumps({"resmsg": "Success", "rescode": "200"}))


def of_one(handle: Handle) -> Handle:
    """The handler of a call that has one object where another has a list of them."""
    return lambda state, exchange, values: handle(state, exchange, [values])


def send_invoices(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Send invoices, or change them."""
    _check_key(state, exchange)
    book = state.part(BillBook)
    for reference, _, phone, _, name, due, account, shillings, items in values:
        exchange.msisdn = phone
        book.add(
            Invoice(reference=reference, account=account, msisdn=phone, name=name, due=due,
                    amount=shillings, items=items)
        )  # fmt: skip
    return Reply(200, dumps({"Status_Message": "Invoice sent successfully", "resmsg": "Success", "rescode": "200"}))


def cancel_invoices(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Cancel all of these invoices, or none of them when one of them cannot be (assumed)."""
    _check_key(state, exchange)
    book = state.part(BillBook)
    references = [row[0] for row in values]
    unknown = [reference for reference in references if reference not in book.invoices]
    if unknown:
        exchange.note = f"no invoice {_some(unknown)} is known"
        return _answer("404", "Not Found", "Invoice not found.", status=_refusal_status(state, 404))
    paid = [reference for reference in references if book.invoices[reference].paid]
    if paid:
        exchange.note = f"the invoice {_some(paid)} is paid, wholly or in part"
        message = "partially or fully paid invoices cannot be cancelled."
        return _answer("409", "Conflict", message, status=_refusal_status(state, 409))
    for reference in references:
        book.invoices[reference].cancelled = True
    return _answer("200", "Success", "Invoice cancelled successfuly.")


def reconcile(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """The merchant has booked a payment: the customer gets a receipt. The invoice counts as paid then (assumed)."""
    _check_key(state, exchange)
    _, shillings, _, receipt, phone, _, _, reference = values
    exchange.msisdn = phone
    invoice = state.part(BillBook).invoices.get(reference)
    if invoice is None:
        exchange.note = f"{receipt} is reconciled with {reference}, an invoice that is not known here"
    else:
        invoice.paid = max(invoice.paid, shillings)
    return Reply(200, dumps({"resmsg": "Success", "rescode": "200"}))


def _opted_in(state: DarajaState, values: list[Any]) -> OptIn:
    short_code, _, _, _, _, url = values
    if state.organisations.find(short_code) is None:
        raise Refused(INVALID_FIELD, field="shortcode", note=f"no organisation has the short code {short_code}")
    opt_ins = state.part(BillBook).opt_ins
    known = opt_ins.get(short_code)
    key = _app_key(short_code) if known is None else known.app_key
    opt_ins[short_code] = OptIn(short_code=short_code, app_key=key, callback_url=url)
    state.with_further_messages.add(short_code)
    return opt_ins[short_code]


def _app_key(short_code: str) -> str:
    """`AG_`, ten digits, and eight digits with two letters, as in the example. A restart gives the same one."""
    number = int.from_bytes(blake2b(short_code.encode(), digest_size=16).digest())
    first, second, third = number % 10**10, (number >> 40) % 10**8, (number >> 80) % 26**2
    return f"AG_{first:010d}_{second:08d}{chr(65 + third // 26)}{chr(65 + third % 26)}"


def _check_key(state: DarajaState, exchange: JournalExchange) -> None:
    """One source says that the key goes into a header afterwards; what happens without it is assumed.

    Raises:
        Refused: no key where one is required.
    """
    if state.options.says("bill_manager_app_key", "ignore"):
        return
    sent = {value.decode("latin-1") for name, value in exchange.request_headers if name.lower() in _KEYS}
    if not sent & {row.app_key for row in state.part(BillBook).opt_ins.values()}:
        raise Refused(ERRORS["401.unauthorized"], note="no header app_key or appKey has the key of an opt-in")


def _refusal_status(state: DarajaState, code: int) -> int:
    return code if state.options.says("bill_manager_refusal_status", "as_rescode") else 200


def _answer(code: str, word: str, message: str, *, status: int = 200, errors: Iterable[str] = ()) -> Reply:
    answer = {"Status_Message": message, "resmsg": word, "rescode": code, "errors": list(errors)}
    return Reply(status, dumps(answer))


def _some(references: list[str]) -> str:
    return ", ".join(references[:5])


def _phone(value: Any) -> str | None:
    """07... or 01..., or an MSISDN; read as an MSISDN. Source: reference 3.13 writes 07..."""
    word = str(value) if type(value) is int else value
    if type(word) is str and len(word) == 10 and word.startswith("0"):
        word = f"254{word[1:]}"
    return msisdn(word)


def _date(value: Any) -> str | None:
    """A date, with or without a time after it."""
    if type(value) is not str or len(value) > 40 or (len(value) > 10 and value[10] not in " T"):
        return None
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        return None


def _items(value: Any) -> tuple[tuple[str, int], ...] | None:
    """The items with their names and amounts, in either spelling. Source: reference 6-31."""
    if value is None:
        return ()
    if type(value) is not list or len(value) > MOST_IN_A_CALL:
        return None
    read_name, read_amount = text(LONGEST_TEXT), amount(Options(), LARGEST)
    found: list[tuple[str, int]] = []
    for row in value:
        if type(row) is not dict:
            return None
        name = read_name(row.get("itemName", row.get("Item")))
        shillings = read_amount(row.get("amount", row.get("Amount")))
        if name is None or shillings is None:
            return None
        found.append((name, shillings))
    return tuple(found)


_ONE, _MANY, _D, _A = 0, MOST_IN_A_CALL, Mark.DOCUMENTED, Mark.ASSUMED
CALLS: Final = (
    ("optin", "optin", opt_in_fields, opt_in, _ONE, "an organisation begins to use it", _D),
    ("change_optin", "change-optin-details", opt_in_fields, change_opt_in, _ONE, "details of the opt-in change", _D),
    ("invoice", "single-invoicing", invoice_fields, of_one(send_invoices), _ONE, "one invoice", _D),
    ("invoices", "bulk-invoicing", invoice_fields, send_invoices, _MANY, "up to 1000 invoices", _D),
    ("change_invoice", "change-invoice", invoice_fields, of_one(send_invoices), _ONE, "an invoice changes", _A),
    ("change_invoices", "change-invoices", invoice_fields, send_invoices, _MANY, "invoices change", _A),
    ("reconciliation", "reconciliation", reconciliation_fields, reconcile, _ONE, "a payment is booked", _D),
    ("cancel", "cancel-single-invoice", cancel_fields, of_one(cancel_invoices), _ONE, "an invoice is cancelled", _D),
    ("cancel_all", "cancel-bulk-invoices", cancel_fields, cancel_invoices, _MANY, "invoices are cancelled", _D),
)  # fmt: skip
"""Name, path, fields, handler, how many objects the body has (0: it is one), what it is, and how sure that is."""

PLAYS: Final = {
    "change_optin": "bill_optin", "invoices": "bill_invoice", "change_invoice": "bill_invoice",
    "change_invoices": "bill_invoice", "cancel_all": "bill_cancel",
}  # fmt: skip
"""The row whose scenarios a call plays, where that is another one."""


def other_paths(path: str) -> tuple[str, ...]:
    """The prefix doubled, as the mail at go-live has it, and the mail's name of a bulk cancellation."""
    names = (path, "cancel-bulk-invoice") if path == "cancel-bulk-invoices" else (path,)
    return tuple(f"{base}/{name}" for base in (BASE, BASE + BASE) for name in names)[1:]
