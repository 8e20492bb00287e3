"""Daraja's side of a run, for the money invariants: each accepted transaction and each message to the merchant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from tayari_control.client import ControlClient
from tayari_formats.json_text import read_object

from tayari_money.payment_record import DarajaTransaction, PaymentResult, ReceivedResult

STK_PUSH: Final = "stk_push"
"""The kind of the payments that a merchant asks for."""
B2C: Final = "b2c"
B2POCHI: Final = "b2pochi"
B2B: Final = "b2b"
"""The kinds of payouts: to a person, to a person's business wallet, to another organisation."""
PAYOUT_CALLS: Final = (B2C, "b2c_v1", B2POCHI, B2B)
"""The calls that pay somebody; the transactions of the first two are of the first kind."""
WITHOUT_OWN_ID: Final = ("b2c_v1", B2B)
"""Payout calls that read no OriginatorConversationID of the merchant's, so that each request is a payout of its own.
Source: reference 3.4, 3.6."""
REGISTRATION_CALLS: Final = ("c2b_register", "c2b_register_v1")
"""The calls that register C2B URLs; most published clients make the second one."""
REVERSAL: Final = "reversal"
C2B: Final = "c2b"
"""The kind of the payments that customers begin."""
PULL: Final = "pull_query"
NOT_MADE: Final = frozenset({None, "Failed", "Declined", "Cancelled", "Expired", "Rejected", "Reversed"})
"""Values of TransactionStatus after which no money has moved, or it is back; None: the result of the payout itself."""
IN_FLIGHT: Final = frozenset({"4999"})


def transactions_by_msisdn(
    control: ControlClient, *, since: int = 1, forged: Collection[str] = (), takes_callbacks: bool = True
) -> Mapping[str, list[DarajaTransaction]]:
    """Every accepted push of the run by MSISDN, oldest first. `forged`: ids for which a success was forged.

    A merchant that takes no callbacks answers none of them, whatever its web server says.

    Raises:
        JournalIncomplete: the journal dropped entries; ControlError: the simulator does not answer.
    """
    acknowledged = {_acknowledged(entry) for entry in _journal(control, since, endpoint="stk_push")}
    messages = result_messages(control, since=since)
    found: dict[str, list[DarajaTransaction]] = defaultdict(list)
    for payment in control.payments(kind=STK_PUSH):
        name, receipt = payment["checkout_request_id"], str(payment["receipt"] or "")
        delivered = (*messages.get(name, ()), *(messages.get(receipt, ()) if receipt else ()))
        found[payment["msisdn"]].append(
            DarajaTransaction(
                transaction_id=name,
                amount=float(payment["amount"]),
                completed=payment["state"] == "paid",
                due_at=float(payment["result_due_at"] or payment["created_at"]),
                receipt=receipt,
                account_reference=str(payment["account_reference"]),
                acknowledged=name in acknowledged,
                forged=name in forged,
                messages=tuple(
                    replace(one, answered=one.answered and (one.by_query or takes_callbacks))
                    for one in sorted(delivered, key=lambda one: one.at)
                ),
            )
        )
    return found


def payouts_by_msisdn(
    control: ControlClient, *, since: int = 1, forged: Collection[str] = ()
) -> Mapping[str, list[DarajaTransaction]]:
    """Every payout that Daraja accepted by the receiver's MSISDN, oldest first.

    `forged`: the OriginatorConversationIDs for which a check sent results of its own, which prove nothing.

    Raises:
        JournalIncomplete: the journal dropped entries; ControlError: the simulator does not answer.
    """
    messages: dict[str, list[ReceivedResult]] = defaultdict(list)
    time_outs = {path for call in PAYOUT_CALLS for path in _time_out_paths(control, since, call)}
    for kind in ("callback", "control"):
        for entry in _journal(control, since, kind=kind):
            for name, message in payout_messages(entry, time_outs):
                if kind == "callback" or name not in forged:
                    messages[name].append(message)
    found: dict[str, list[DarajaTransaction]] = defaultdict(list)
    for row in control.payments():
        if row["kind"] not in PAYOUT_CALLS:
            continue
        found[row["msisdn"]].append(_transaction(row, messages.get(row["merchant_request_id"], ())))
    return found


def _transaction(row: Mapping[str, Any], messages: Iterable[ReceivedResult] = ()) -> DarajaTransaction:
    """A payout or a reversal; its reference is the id that the organisation, or Daraja, gave it."""
    return DarajaTransaction(
        transaction_id=row["checkout_request_id"],
        amount=float(row["amount"]),
        completed=row["state"] == "paid",
        due_at=float(row["result_due_at"] or row["created_at"]),
        receipt=str(row["receipt"] or ""),
        account_reference=str(row["merchant_request_id"]),
        messages=tuple(sorted(messages, key=lambda one: one.at)),
    )


def money_sent_back(control: ControlClient, msisdn: str, receipts: Collection[str]) -> tuple[DarajaTransaction, ...]:
    """What an organisation gave back of a customer's payments: reversals of them, and payouts to the customer."""
    rows = [
        row
        for row in control.payments(msisdn=msisdn)
        if row["kind"] in PAYOUT_CALLS or (row["kind"] == REVERSAL and row["account_reference"] in receipts)
    ]
    return tuple(_transaction(row) for row in rows)


def _time_out_paths(control: ControlClient, since: int, call: str) -> Iterator[str]:
    """The paths on which the merchant gets queue time-outs, and nothing else."""
    for entry in _journal(control, since, endpoint=call, kind="request"):
        body = _decoded(entry, "request")
        late, result = (urlsplit(str(body.get(key))).path for key in ("QueueTimeOutURL", "ResultURL"))
        if late != result:
            yield late


def payout_messages(entry: Mapping[str, Any], time_outs: Collection[str] = ()) -> Iterator[tuple[str, ReceivedResult]]:
    """The OriginatorConversationIDs that a result names, with its message: of a payout, or of a question about one.

    That a question worked is no success: its `TransactionStatus` decides. `time_outs`: paths of QueueTimeOutURLs.
    """
    result = _decoded(entry, "request").get("Result")
    if not isinstance(result, dict) or "ResultCode" not in result:
        return
    parameters = result_parameters(entry)
    status = parameters.get("TransactionStatus")
    is_good = _code(result["ResultCode"]) == "0" and status in (None, "Completed")
    message = ReceivedResult(
        at=float(entry["at"]),
        result=PaymentResult.SUCCESS
        if is_good
        else PaymentResult.FAILURE
        if status in NOT_MADE
        else PaymentResult.UNDECIDED,
        by_query=status is not None,
        timed_out=urlsplit(str((entry.get("request") or {}).get("url"))).path in time_outs,
    )
    names = {str(where.get("OriginatorConversationID") or "") for where in (result, parameters)}
    yield from ((name, message) for name in names if name)


def result_parameters(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The `ResultParameters` of a message by key; empty where it has none."""
    result = _decoded(entry, "request").get("Result")
    holder = result.get("ResultParameters") if isinstance(result, dict) else None
    return _named(holder, "ResultParameter", "Key")


def result_messages(control: ControlClient, *, since: int = 1) -> Mapping[str, list[ReceivedResult]]:
    """The messages that reached the merchant, by CheckoutRequestID, or by receipt where they name that (C2B, pull)."""
    found: dict[str, list[ReceivedResult]] = defaultdict(list)
    for kind in ("callback", "control"):
        for entry in _journal(control, since, kind=kind):
            name, message = callback_message(entry)
            if message is not None:
                found[name].append(message)
    for entry in _journal(control, since, endpoint="stk_query", kind="request"):
        name = str(_decoded(entry, "request").get("CheckoutRequestID", ""))
        found[name].append(query_message(entry, name))
    for entry in _journal(control, since, endpoint=PULL, kind="request"):
        for receipt in pulled_receipts(entry):
            found[receipt].append(
                ReceivedResult(
                    at=float(entry["at"]), result=PaymentResult.SUCCESS, by_query=True, pulled=True, receipt=receipt
                )
            )
    return found


def pulled_receipts(entry: Mapping[str, Any]) -> list[str]:
    """The payments that an answer of pull transactions lists: rows in a list inside a list, which may be empty."""
    listed = _decoded(entry, "response").get("Response")
    pages = [page for page in listed if isinstance(page, list)] if isinstance(listed, list) else []
    rows = [row for page in pages for row in page if isinstance(row, dict)]
    return [str(row["transactionId"]) for row in rows if row.get("transactionId")]


def c2b_payments(control: ControlClient, *, since: int = 1) -> Mapping[str, DarajaTransaction]:
    """Every payment that a customer began, by its receipt. Without any message the merchant cannot know of it.

    Raises:
        JournalIncomplete: the journal dropped entries; ControlError: the simulator does not answer.
    """
    messages = result_messages(control, since=since)
    return {
        row["id"]: replace(
            _transaction(row, [_of_account(row, one) for one in messages.get(row["id"], ())]),
            acknowledged=row["id"] in messages,
        )
        for row in control.payments(kind=C2B)
    }


def _of_account(row: Mapping[str, Any], message: ReceivedResult) -> ReceivedResult:
    """The message without its amount where it names another account than the customer paid into: nobody can book it."""
    true = f"{row['short_code']} {row['account_reference']}"
    return message if message.account in ("", true) else replace(message, amount=None)


def confirmed_amount(scenario: Mapping[str, Any]) -> int | None:
    """The whole shillings of the C2B confirmation in a scenario file, however they are written; None: the true
    amount. A payment that plays it is of this amount.
    """
    for fault in scenario.get("faults") or ():
        text = (fault.get("mutate") or {}).get("set", {}).get("TransAmount")
        if text is not None and (amount := _number(str(text).replace(",", ""))) is not None:
            return int(amount)
    return None


def callback_message(entry: Mapping[str, Any]) -> tuple[str, ReceivedResult | None]:
    """The payment that a callback names, and its message; None where the callback cannot be read.

    A C2B confirmation names a receipt. It is sent only for money that moved; a validation has an empty TransactionType.
    """
    decoded = _decoded(entry, "request")
    answered = (entry.get("response") or {}).get("status") is not None
    if decoded.get("TransID") and decoded.get("TransactionType"):
        return str(decoded["TransID"]), ReceivedResult(
            at=float(entry["at"]),
            result=PaymentResult.SUCCESS,
            answered=answered,
            amount=_number(decoded.get("TransAmount")),
            receipt=str(decoded["TransID"]),
            account=f"{decoded.get('BusinessShortCode')} {decoded.get('BillRefNumber')}",
        )
    body = decoded.get("Body")
    callback = body.get("stkCallback") if isinstance(body, dict) else None
    if not isinstance(callback, dict) or "ResultCode" not in callback:
        return "", None
    items = _named(callback.get("CallbackMetadata"), "Item", "Name")
    message = ReceivedResult(
        at=float(entry["at"]),
        result=PaymentResult.SUCCESS if _code(callback["ResultCode"]) == "0" else PaymentResult.FAILURE,
        answered=answered,
        amount=_number(items.get("Amount")),
        receipt=str(items.get("MpesaReceiptNumber") or ""),
    )
    return str(callback.get("CheckoutRequestID", "")), message


def query_message(entry: Mapping[str, Any], name: str) -> ReceivedResult:
    """The response to a query. Responses about another payment, and errors, decide nothing."""
    answer = _decoded(entry, "response")
    code = _code(answer.get("ResultCode", ""))
    if code in IN_FLIGHT or not code or answer.get("CheckoutRequestID") != name:
        result = PaymentResult.UNDECIDED
    else:
        result = PaymentResult.SUCCESS if code == "0" else PaymentResult.FAILURE
    return ReceivedResult(at=float(entry["at"]), result=result, by_query=True)


def _journal(control: ControlClient, since: int, **where: str) -> Iterator[dict[str, Any]]:
    """The entries from there on, of which none may be missing."""
    return control.journal_entries(since=since, none_dropped=True, **where)


def _acknowledged(entry: Mapping[str, Any]) -> str | None:
    answer = _decoded(entry, "response")
    return str(answer.get("CheckoutRequestID")) if str(answer.get("ResponseCode")) == "0" else None


def _decoded(entry: Mapping[str, Any], part: str) -> dict[str, Any]:
    return read_object((entry.get(part) or {}).get("body"))


def _named(holder: object, member: str, name: str) -> dict[str, Any]:
    """The values of a list of rows by their names; a list of one row may come as the bare row."""
    listed = holder.get(member) if isinstance(holder, dict) else None
    rows = [listed] if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    return {str(row.get(name)): row.get("Value") for row in rows if isinstance(row, dict)}


def _code(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def unplayed_calls(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Calls of the merchant to paths that no API of the simulator has: each once, with how often and why."""
    asked: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        if entry["kind"] == "request" and not entry["endpoint"]:
            request = entry.get("request") or {}
            url = str(request.get("url", "")).partition("?")[0]
            path = f"/{url.split('/', 3)[-1]}" if "://" in url else url
            asked.setdefault(f"{request.get('method')} {path}", []).append(entry)
    return [
        f"{call} {f'{len(rows)} times' if len(rows) > 1 else 'once'}, which is not played here: "
        f"{rows[-1].get('note') or 'no API has this path'}"
        for call, rows in asked.items()
    ]
