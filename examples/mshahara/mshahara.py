"""Mshahara ("salary") pays salaries through M-Pesa B2C: `python mshahara.py --port 8002 --db mshahara.db`.

Standard library only, but for the cipher of the initiator's password: one table, one worker, JSON over HTTP.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bank import Bank, Settings
from books import Books, Payout
from payroll import Payroll
from payroll_defects import DEFECTS, listed, payroll_with
from suppliers import SUPPLIER_DEFECTS

PHONE = re.compile(r"(?:\+?254|0)?([17]\d{8})")
PAY_BILL = re.compile(r"\d{5,7}")
APPROVAL = re.compile(r"/payouts/([^/]+)/approve")
LARGEST = 100_000
"""Bytes of a request; a result has about two thousand."""


def shown(payout: Payout) -> dict[str, Any]:
    """A payout as our callers see it."""
    return {
        "id": payout.id,
        "reference": payout.reference,
        "state": payout.state,
        "amount": payout.amount,
        "receipt": payout.receipt,
        "message": payout.note,
    }


class Handler(BaseHTTPRequestHandler):
    """The routes."""

    payroll: Payroll
    secret: str
    pays_suppliers = False
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """State of the house, of one payout, of the alerts, of our accounts."""
        if self.path == "/up":
            self._answer(200, {"up": True, "stopped": self.payroll.stopped})
        elif self.path == "/alerts":
            self._answer(200, {"alerts": self.payroll.books.alerts(), "stopped": self.payroll.stopped})
        elif self.path == "/budget":
            self._answer(200, {"left": self.payroll.left})
        elif self.path == "/balance":
            accounts = self.payroll.accounts
            self._answer(200, {"utility": accounts.get("Utility Account"), "accounts": accounts})
        elif (found := self.payroll.books.find(id=self.path.removeprefix("/payouts/"))) is not None:
            self._answer(200, shown(found))
        else:
            self._answer(404, {"error": "no such payout"})

    def do_POST(self) -> None:
        """A new payout, its approval, a resumed queue, a question about the balance, a message of M-Pesa."""
        body = self._body()
        if self.path == "/payouts":
            self._payout(body)
        elif found := APPROVAL.fullmatch(self.path):
            self._approve(found[1])
        elif self.path == "/resume":
            self.payroll.resume()
            self._answer(200, {"stopped": ""})
        elif self.path == "/balance":
            self._answer(202 if self.payroll.bank.ask_balance().accepted else 502, {})
        elif self.path.startswith(f"/{self.secret}/results/"):
            what, _, own_id = self.path.partition("/results/")[2].partition("/")
            self._take_message(what, own_id, body)
        else:
            self._answer(404, {"error": "no such path"})

    def _payout(self, body: dict[str, Any]) -> None:
        payee, reference = self._payee(body), str(body.get("reference") or "")
        amount = self.payroll.shillings(body.get("amount"))
        if not payee or amount is None or not reference:
            self._answer(422, {"error": "expected payee, reference, and an amount of 10 to 250000 whole shillings"})
            return
        self._answer(202, shown(self.payroll.request(reference, payee, amount)))

    def _payee(self, body: dict[str, Any]) -> str:
        """The phone of an employee, or the pay bill number of a supplier; empty: none is given."""
        if self.pays_suppliers:
            pay_bill = str(body.get("pay_bill") or "")
            return pay_bill if PAY_BILL.fullmatch(pay_bill) else ""
        phone = PHONE.fullmatch(re.sub(r"[\s-]", "", str(body.get("phone") or "")))
        return "" if phone is None else f"254{phone[1]}"

    def _approve(self, payout_id: str) -> None:
        payout = self.payroll.books.find(id=payout_id)
        if payout is None:
            self._answer(404, {"error": "no such payout"})
            return
        self.payroll.approve(payout)
        self._answer(200, shown(self.payroll.books.find(id=payout_id) or payout))

    def _take_message(self, what: str, own_id: str, body: dict[str, Any]) -> None:
        """M-Pesa is answered at once and always: it does not ask twice. `own_id`: the address carries our id."""
        result = body.get("Result")
        if own_id and isinstance(result, dict):
            result["OriginatorConversationID"] = own_id
        hear = {
            "result": self.payroll.result,
            "late": self.payroll.waited_too_long,
            "status": self.payroll.status,
            "balance": self.payroll.balance,
        }.get(what)
        if hear is not None and isinstance(result, dict):
            hear(result)
        self._answer(200, {"ResultCode": 0, "ResultDesc": "Accepted"})

    def _body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        try:
            value = json.loads(self.rfile.read(min(length, LARGEST)))
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """No access log."""


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--db", default="mshahara.db")
    env = os.environ
    wrong = env.get("MSHAHARA_DEFECT") or None
    parser.add_argument(
        "--defect", choices=sorted({**DEFECTS, **SUPPLIER_DEFECTS}), default=wrong, help="one thing that is done wrong"
    )
    parser.add_argument("--list-defects", action="store_true", help="print the defects as JSON")
    given = parser.parse_args()
    if given.list_defects:
        sys.stdout.write(json.dumps(listed()) + "\n")
        return
    secret = env.get("MSHAHARA_SECRET", "9f2c1e7a")
    settings = Settings(
        url=env["MPESA_URL"], key=env["MPESA_KEY"], secret=env["MPESA_SECRET"],
        short_code=env.get("MPESA_SHORT_CODE", "600992"), initiator=env.get("MPESA_INITIATOR", "testapi"),
        password=env.get("MPESA_PASSWORD", "Safaricom999!*!"), certificate=env["MPESA_CERTIFICATE"],
        public_url=f"{env.get('MSHAHARA_URL', 'https://mshahara.example')}/{secret}",
    )  # fmt: skip
    pays_suppliers = bool(env.get("MSHAHARA_SUPPLIERS"))
    made = payroll_with(given.defect, pays_suppliers=pays_suppliers)(Books(given.db), Bank(settings))
    made.needs_approval = bool(env.get("MSHAHARA_APPROVAL"))
    handler = type("Served", (Handler,), {"payroll": made, "secret": secret, "pays_suppliers": pays_suppliers})
    server = ThreadingHTTPServer(("127.0.0.1", given.port), handler)
    server.daemon_threads = True
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    made.start()
    server.serve_forever()
    made.close()


if __name__ == "__main__":
    main()
