"""The handsets: phones that are controlled by hand, their prompts and messages, and their customers' answers."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from tayari_formats.problems import Complaint, describe

from tayari_simulator.apis.c2b.c2b_payment import KIND as C2B
from tayari_simulator.apis.core.customers import names_of
from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.prompts import NoPrompt, answer_prompt, prompt_on, transactions_on
from tayari_simulator.apis.initiator.b2c import CALL as B2C
from tayari_simulator.apis.initiator.b2c import POCHI
from tayari_simulator.apis.initiator.reversal import CALL as REVERSAL
from tayari_simulator.apis.ratiba import KIND as RATIBA
from tayari_simulator.apis.ratiba import step_of
from tayari_simulator.catalogue import customer_texts as texts
from tayari_simulator.control import schemas
from tayari_simulator.control.endpoint import Controlled, ControlRefusal
from tayari_simulator.scenarios.values import Msisdn
from tayari_simulator.state.behaviour import Call
from tayari_simulator.state.handsets import FIRST_BALANCE, Handset, Language, Press
from tayari_simulator.state.transactions import Status, Transaction
from tayari_simulator.strict_reading import read_value
from tayari_simulator.transport.payment_views import transaction_dict

Json = dict[str, Any]
MOST_MESSAGES: Final = 30
"""How many messages a phone shows, the latest."""
_PAYS: Final = (Call.STK_PUSH, C2B)
"""What the customer's wallet pays."""
_RECEIVES: Final = (B2C, POCHI, REVERSAL)
"""What is paid into the customer's wallet."""


async def list_handsets(controlled: Controlled, *_: object) -> object:
    held = controlled.selector.handsets
    rows = [handset_dict(controlled, row.msisdn) for row in held.all()]
    return {"handsets": rows, "everyone": held.everyone}


async def show_handset(controlled: Controlled, request: web.Request, _: object) -> object:
    return handset_dict(controlled, msisdn_of(request))


async def hold_handset(controlled: Controlled, request: web.Request, given: schemas.HoldHandset) -> object:
    msisdn = msisdn_of(request)
    held, ledger = controlled.selector.hold(msisdn), controlled.simulator.daraja.state.ledger
    held.pin = given.pin or held.pin
    held.language = given.language or held.language
    held.reachable = held.reachable if given.reachable is None else given.reachable
    if given.pin is not None:
        held.wrong_pins = 0
    if given.balance is not None or ledger.wallet(msisdn) is None:
        _note_balances(controlled.simulator.daraja.state, held)
        ledger.set_wallet(msisdn, FIRST_BALANCE if given.balance is None else given.balance)
    return handset_dict(controlled, msisdn)


async def release_handset(controlled: Controlled, request: web.Request, _: object) -> object:
    msisdn = msisdn_of(request)
    controlled.selector.release(msisdn)
    return handset_dict(controlled, msisdn)


async def press(controlled: Controlled, request: web.Request, given: schemas.AnswerPrompt) -> object:
    msisdn = msisdn_of(request)
    if given.pin is not None and given.press is not Press.PAY:
        raise ControlRefusal(400, "bad_body", f"pin is for press: pay; found press: {given.press}; leave pin out")
    simulator, selector = controlled.simulator, controlled.selector
    held = selector.handsets.find(msisdn) or Handset(msisdn=msisdn)
    try:
        transaction = answer_prompt(simulator.daraja.state, held, given.press, given.pin, simulator.now_s())
    except NoPrompt as error:
        message = (
            f"the phone {msisdn} shows no prompt that waits for an answer; control it by hand first "
            f"(PUT /v1/handsets/{msisdn}, or start with --interactive), then push to it"
        )
        raise ControlRefusal(409, "no_prompt", message) from error
    if selector.handsets.everyone:
        selector.hold(msisdn).wrong_pins = held.wrong_pins
    simulator.changed()
    return {"payment": transaction_dict(transaction)}


def msisdn_of(request: web.Request) -> str:
    """The MSISDN of a path.

    Raises:
        ControlRefusal: 400, it is none.
    """
    complaints: list[Complaint] = []
    found = read_value(Msisdn, request.match_info["msisdn"], (), complaints)
    if not isinstance(found, str):
        raise ControlRefusal(400, "bad_msisdn", f"{describe(request.match_info['msisdn'])}: {complaints[0].message}")
    return found


def handset_dict(controlled: Controlled, msisdn: str) -> Json:
    """A phone as in `docs/control-api.md`, whether it is controlled by hand or not."""
    state, held = controlled.simulator.daraja.state, controlled.selector.handsets.find(msisdn)
    shown = held or Handset(msisdn=msisdn)
    _note_balances(state, shown)
    waiting = prompt_on(state, msisdn)
    return {
        "msisdn": msisdn,
        "customer": " ".join(names_of(msisdn)),
        "held": held is not None,
        "pin": shown.pin,
        "language": str(shown.language),
        "reachable": shown.reachable,
        "balance": state.ledger.wallet(msisdn),
        "prompt": None if waiting is None else _prompt(state, waiting, shown.language),
        "messages": [
            {"at": row.completed_s, "checkout_request_id": row.id, "receipt": row.receipt, "text": text}
            for row in _finished(state, msisdn)
            if (text := _message(state, row, shown))
        ],
        "wording": texts.MARK,
    }


def _prompt(state: DarajaState, transaction: Transaction, language: Language) -> Json:
    till = _is_till(state, transaction)
    form = texts.PROMPTS.get(transaction.kind, texts.PROMPT_OF_A_TILL if till else texts.PROMPT)
    return {
        "checkout_request_id": transaction.id,
        "amount": transaction.amount,
        "name": _name(state, transaction),
        "account": "" if till else transaction.reference,
        "text": form[language].format(**_words(state, transaction, language)),
        "expires_at": transaction.due_s,
    }


def _finished(state: DarajaState, msisdn: str) -> list[Transaction]:
    """The latest transactions of a phone that have a result, oldest first."""
    rows = [row for row in transactions_on(state, msisdn) if row.status is not Status.PROMPTED]
    return sorted(rows, key=lambda row: row.completed_s)[-MOST_MESSAGES:]


def _message(state: DarajaState, transaction: Transaction, handset: Handset) -> str:
    """What M-Pesa writes to the phone about a transaction; empty: nothing."""
    form = _form(state, transaction)
    if form is None:
        return ""
    language = handset.language
    words = _words(state, transaction, language)
    balance = handset.balances.get(transaction.id)
    words["balance"] = "" if balance is None else texts.BALANCE[language].format(balance=texts.shillings(balance))
    return form[language].format(**words)


def _form(state: DarajaState, transaction: Transaction) -> texts.Texts | None:
    kind = transaction.kind
    if transaction.status is Status.PAID:
        if kind in texts.DONE:
            return texts.DONE[kind]
        if kind in _PAYS:
            return texts.PAID_TO_A_TILL if _is_till(state, transaction) else texts.PAID
        if kind == REVERSAL:
            return texts.REVERSED
        return texts.RECEIVED if kind in _RECEIVES else None
    if kind not in _PAYS and state.lifecycles[kind].prompt is None:
        return None
    code = str(transaction.result_code)
    return texts.FAILURES.get("C2B" if code.startswith("C2B") or code == "2007" else code)


def _words(state: DarajaState, transaction: Transaction, language: Language) -> dict[str, str]:
    details, name = transaction.details or {}, _name(state, transaction)
    words = {
        "receipt": transaction.receipt or str(details.get("order_id", "")),
        "amount": texts.shillings(transaction.amount),
        "name": name,
        "account": transaction.reference,
        "time": texts.moment(transaction.completed_s, language),
        "till": transaction.short_code,
        "partner": str(details.get("partner") or name),
        "points": str(details.get("points", "")),
    }
    if transaction.kind == RATIBA:
        words |= {
            "order": str(details["name"]),
            "frequency": texts.FREQUENCIES[step_of(transaction)][language],
            "start": _day(details["start"]),
            "end": _day(details["end"]),
        }
    return words


def _day(digits: str) -> str:
    """A date as a phone shows it, from `yyyymmdd`."""
    return f"{int(digits[6:])}/{int(digits[4:6])}/{digits[2:4]}"


def _name(state: DarajaState, transaction: Transaction) -> str:
    """The organisation's name, as a phone shows it."""
    receives = transaction.kind in _RECEIVES
    organisation = state.organisations.find(transaction.short_code if receives else transaction.party_b)
    return organisation.shown_name.upper() if organisation is not None else transaction.party_b


def _is_till(state: DarajaState, transaction: Transaction) -> bool:
    organisation = state.organisations.find(transaction.party_b)
    return organisation is not None and organisation.till


def _note_balances(state: DarajaState, handset: Handset) -> None:
    """Note what the wallet held after each transaction since the last look, counted back from what it holds now."""
    balance = state.ledger.wallet(handset.msisdn)
    if balance is None:
        return
    finished = [row for row in _finished(state, handset.msisdn) if row.kind in (*_PAYS, *_RECEIVES)]
    handset.balances = {row.id: handset.balances[row.id] for row in finished if row.id in handset.balances}
    for row in reversed(finished):
        if row.id in handset.balances:
            break
        handset.balances[row.id] = max(balance, 0)
        if row.status is Status.PAID:
            balance += row.amount if row.kind in _PAYS else -row.amount
