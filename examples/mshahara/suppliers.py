"""The same payroll for suppliers: it pays other organisations through B2B, which takes a request twice.

A B2B request has no id of ours that would make a repetition the same payment. So it is sent once. The address of its
result carries our id, and what stays unclear is for a person.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from bank import Answer, Bank
from books import QUEUED, REVIEW, SENDING, Books, Payout
from payroll import Payroll


class SupplierBank(Bank):
    """Calls M-Pesa's B2B."""

    def pay(self, originator_id: str, phone: str, amount: int, remarks: str) -> Answer:
        """Pay a pay bill number, which is in the place of the phone."""
        return self._post("/mpesa/b2b/v1/paymentrequest", {
            "Initiator": self.settings.initiator,
            "SecurityCredential": self.credential(),
            "CommandID": "BusinessPayBill",
            "SenderIdentifierType": "4",
            "RecieverIdentifierType": "4",
            "Amount": amount,
            "PartyA": self.settings.short_code,
            "PartyB": phone,
            "AccountReference": remarks.rpartition(" ")[2][:13],
            "Remarks": remarks[:100],
            "QueueTimeOutURL": f"{self.settings.public_url}/results/late/{originator_id}",
            "ResultURL": f"{self.settings.public_url}/results/result/{originator_id}",
            self.occasion: "Supplier",
        })  # fmt: skip


class Suppliers(Payroll):
    """Pays suppliers."""

    def __init__(self, books: Books, bank: Bank) -> None:
        super().__init__(books, SupplierBank(bank.settings))

    def send(self, payout: Payout) -> None:
        """Send a payment once. One that was being sent when the process died may have been accepted."""
        if payout.attempts:
            self.unclear(payout)
        else:
            super().send(payout)

    def acknowledged(self, payout: Payout, answer: Answer) -> None:
        """M-Pesa's own id, by which we can ask, is in the acknowledgement. Without one, nothing is sent again."""
        if answer.unknown:
            self.unclear(payout)
            return
        if answer.accepted:
            theirs = str(answer.body.get("OriginatorConversationID") or "")
            self.books.remember(f"theirs {payout.originator_id}", theirs)
            self.books.remember(f"ours {theirs}", payout.originator_id)
        super().acknowledged(payout, answer)

    def unclear(self, payout: Payout) -> None:
        """M-Pesa may have accepted it: its result may still come, and a person looks at it."""
        self.books.change(payout, state=REVIEW, sent_at=time.time(), note="may have been accepted; being checked")
        self.books.alert(f"{payout.reference}: look at the statement; M-Pesa may have paid {payout.amount} shillings")

    def look_up(self, payout: Payout) -> None:
        """Ask how a payment stands whose acknowledgement came."""
        self.books.change(payout, asked_at=time.time())
        if theirs := self.books.fact(f"theirs {payout.originator_id}"):
            self.bank.ask(theirs)

    def status(self, message: dict[str, Any]) -> None:
        """The answer to a question names M-Pesa's id."""
        holder = message.get("ResultParameters")
        rows = holder.get("ResultParameter") if isinstance(holder, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("Key") == "OriginatorConversationID":
                row["Value"] = self.books.fact(f"ours {row.get('Value')}")
        super().status(message)


class PaysSupplierAgain(Suppliers):
    """P03: a payment whose acknowledgement is lost is sent again, as a salary is."""

    def send(self, payout: Payout) -> None:
        Payroll.send(self, payout)

    def unclear(self, payout: Payout) -> None:
        """Send it again a little later."""
        self.books.change(payout, state=SENDING, next_at=time.time() + self._gap_s)


class PaysSupplierAtRestart(Suppliers):
    """P02: what was being sent when the process died is sent again at the start."""

    def send(self, payout: Payout) -> None:
        Payroll.send(self, payout)


class PaysSupplierWithoutResult(Suppliers):
    """P05: a payment without a result is sent again."""

    def look_up(self, payout: Payout) -> None:
        self.books.change(payout, asked_at=time.time(), attempts=0, state=QUEUED, next_at=0.0)


class EachRequestPaysSupplier(Suppliers):
    """P19: a payment that is asked for again is another payment."""

    def request(self, reference: str, phone: str, amount: int) -> Payout:
        return super().request(f"{reference}/{uuid.uuid4().hex}", phone, amount)


class ResultNamesSupplierBill(Suppliers):
    """P21: a result is of the payment whose account number it names, which the supplier reads on its statement."""

    def result(self, message: dict[str, Any]) -> None:
        holder = message.get("ReferenceData")
        items = holder.get("ReferenceItem") if isinstance(holder, dict) else None
        for item in items if isinstance(items, list) else ():
            if item.get("Key") == "BillReferenceNumber" and (
                found := self.books.find(reference=str(item.get("Value")))
            ):
                message["OriginatorConversationID"] = found.originator_id
        super().result(message)


SUPPLIER_DEFECTS: dict[str, tuple[tuple[str, ...], type[Payroll]]] = {
    "pays-supplier-again": (("P03", "M06"), PaysSupplierAgain),
    "pays-supplier-at-restart": (("P02",), PaysSupplierAtRestart),
    "pays-supplier-without-result": (("P05", "M06"), PaysSupplierWithoutResult),
    "each-request-pays-supplier": (("P19",), EachRequestPaysSupplier),
    "result-names-supplier-bill": (("P21",), ResultNamesSupplierBill),
}
"""By name: the rules that catch it, and what is done wrong, where suppliers are paid."""
