"""What a whole transaction of each API costs, as a ratio to an STK payment in the same process and the same round.

    python benchmarks/apis.py [--rounds 7] [--seconds 0.4] [--against PYTHON] [--write]

`--against` is the Python of another build's environment: its STK payments are played in turn with those of this build,
each in a process that plays nothing else, as a process that has played all APIs remembers more.
Loopback only, and bounded. A round in which a transaction or its message is missing makes the run invalid. Exits 1 when
an API is slower than 0.8 of an STK payment's rate, or this build's STK payment than the other's by more than the noise.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from kit.contestants import Counters, Product
from kit.figure_blocks import machine, replace_block
from kit.load_generator import ACKNOWLEDGED
from payments import InvalidRun, TestEnvironment, play

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- apis: written by `python benchmarks/apis.py --write`, not by hand -->"
END: Final = "<!-- apis: end -->"
GOAL: Final = 0.8
STK, AGAIN, OTHER = "STK payment", "STK payment again", "STK payment of the other build"
ALONE: Final = "STK payment in a process that plays no other API"
PAYBILL, TILL = "600991", "600990"
ORGANISATIONS: Final = (
    f"{PAYBILL},working=1000000000000,utility=1000000000000",
    f"{TILL},till=on,working=1000000000000,utility=1000000000000",
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API under load. In its body `777` is a number that no other call has, `RECEIPT` a payment's receipt."""

    name: str
    path: str
    body: Json
    acknowledged: bytes = ACKNOWLEDGED


class Caller:
    """This build, loaded through one of its APIs: a contestant of `payments.play`."""

    def __init__(self, product: Product, api: Api, receipts: deque[bytes]) -> None:
        """`receipts`: of customers' payments, used in turn."""
        self.name, self.host, self.port = api.name, product.host, product.port
        self.acknowledged, self.keeps_connections = api.acknowledged, True
        self._product, self._api, self._receipts = product, api, receipts

    def push(self, sink_url: str) -> Callable[[int], bytes]:
        """How the bytes of the n-th call are made."""
        text = json.dumps(self._api.body, separators=(",", ":")).replace("SINK", sink_url)
        head = (
            f"POST {self._api.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self._product.token()}\r\nContent-Type: application/json\r\nAccept: */*\r\n"
        ).encode()
        first = 254_700_000_000 + int(time.time() * 1000) % 1_000_000

        def make(number: int) -> bytes:
            body = text.replace("777", str(first + number)).encode()
            if b"RECEIPT" in body:
                body = body.replace(b"RECEIPT", self._receipts[0])
                self._receipts.rotate(-1)
            return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)

        return make

    def counters(self) -> Counters:
        """Accounts of all APIs of the process."""
        return self._product.counters()

    def cpu_s(self) -> float:
        """Of the process."""
        return self._product.cpu_s()

    def stop(self) -> None:
        """The process is ended by whoever started it."""


def apis(sealed: str) -> tuple[Api, ...]:
    """Every API that makes transactions. C2B is before those that need its receipts."""
    urls = {"QueueTimeOutURL": "SINK/t", "ResultURL": "SINK"}
    fields = {"Remarks": "Salaries", **urls}
    user = {"Initiator": "testapi", "SecurityCredential": sealed}
    payer = {"InitiatorName": "testapi", "SecurityCredential": sealed}
    paid = {"Amount": 10, "PartyA": PAYBILL, "PartyB": "777", **fields}
    between = {**user, "SenderIdentifierType": "4", "RecieverIdentifierType": "4", "Amount": 10, "PartyA": PAYBILL}
    return (
        Api(name="C2B payment", path="/mpesa/c2b/v2/simulate",
            body={"ShortCode": PAYBILL, "CommandID": "CustomerPayBillOnline", "Amount": 10, "Msisdn": "777",
                  "BillRefNumber": "INV-00421"}),
        Api(name="B2C", path="/mpesa/b2c/v3/paymentrequest",
            body={"OriginatorConversationID": "o-777", **payer, "CommandID": "BusinessPayment", **paid}),
        Api(name="B2Pochi", path="/mpesa/b2pochi/v1/paymentrequest",
            body={"OriginatorConversationID": "p-777", **payer, "CommandID": "BusinessPayToPochi", **paid}),
        Api(name="B2B", path="/mpesa/b2b/v1/paymentrequest",
            body={**between, "CommandID": "BusinessPayBill", "PartyB": "600000", "AccountReference": "INV-1",
                 **fields}),
        Api(name="tax remittance", path="/mpesa/b2b/v1/remittax",
            body={**between, "CommandID": "PayTaxToKRA", "PartyB": "572572", "AccountReference": "353353", **fields}),
        Api(name="reversal", path="/mpesa/reversal/v1/request",
            body={**user, "CommandID": "TransactionReversal", "TransactionID": "RECEIPT", "Amount": 10,
                  "ReceiverParty": PAYBILL, "RecieverIdentifierType": "11", **fields}),
        Api(name="transaction status", path="/mpesa/transactionstatus/v1/query",
            body={**user, "CommandID": "TransactionStatusQuery", "TransactionID": "RECEIPT", "PartyA": PAYBILL,
                  "IdentifierType": "4", **fields}),
        Api(name="account balance", path="/mpesa/accountbalance/v1/query",
            body={**user, "CommandID": "AccountBalance", "PartyA": PAYBILL, "IdentifierType": "4", **fields}),
        Api(name="B2B express checkout", path="/v1/ussdpush/get-msisdn", acknowledged=b'"code":"0"',
            body={"primaryShortCode": TILL, "receiverShortCode": PAYBILL, "amount": 10, "paymentRef": "INV-1",
                  "callbackUrl": "SINK", "partnerName": "Duka", "RequestRefID": "r-777"}),
        Api(name="Ratiba", path="/standingorder/v1/createStandingOrderExternal", acknowledged=b'"responseCode":"200"',
            body={"StandingOrderName": "order 777", "StartDate": "20990101", "EndDate": "20990201",
                  "BusinessShortCode": PAYBILL, "TransactionType": "Standing Order Customer Pay Bill",
                  "ReceiverPartyIdentifierType": "4", "Amount": "10", "PartyA": "777", "CallBackURL": "SINK",
                  "AccountReference": "INV-1", "TransactionDesc": "Rent", "Frequency": "2"}),
        Api(name="Lipa na Bonga", path="/v1/lipa/na/bonga/redeem-paybill", acknowledged=b'"transactionId"',
            body={"msisdn": "777", "amount": 10, "bongaPoints": 50, "conversionRate": 0.2, "shortCode": PAYBILL,
                  "accountNumber": "INV-1"}),
    )  # fmt: skip


def sealed_for(product: Product) -> str:
    """A SecurityCredential. It is used again and again, as merchants do until the password changes."""
    key = x509.load_pem_x509_certificate(product.certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return base64.b64encode(key.encrypt(b"Safaricom999!*!", padding.PKCS1v15())).decode()


@dataclass(slots=True)
class Found:
    """CPU microseconds of each transaction, by row and round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, cost_us: float) -> None:
        """Note one round."""
        self.rounds.setdefault(name, []).append(cost_us)

    def ratios(self, name: str) -> list[float]:
        """The rate of a row against that of STK payments, by round: above 1 is cheaper."""
        stk = [statistics.mean(pair) for pair in zip(self.rounds[STK], self.rounds[AGAIN], strict=True)]
        return [mean / cost for mean, cost in zip(stk, self.rounds[name], strict=True)]

    def noise(self) -> float:
        """How far two equal rows differ, in the median of the rounds."""
        pairs = zip(self.rounds[STK], self.rounds[AGAIN], strict=True)
        return abs(statistics.median(one / other for one, other in pairs) - 1)

    def lines(self) -> list[str]:
        """The table."""
        rows = ["| whole transaction | CPU microseconds | rate against an STK payment |", "| --- | --- | --- |"]
        for name, costs in self.rounds.items():
            if name != AGAIN:
                ratios = self.ratios(name)
                span = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
                rows.append(f"| {name} | {statistics.median(costs):.0f} | {'1.00' if name == STK else span} |")
        if OTHER in self.rounds:
            parts = self.against_other()
            span = f"{statistics.median(parts):.2f} ({min(parts):.2f} to {max(parts):.2f})"
            rows += ["", f"An STK payment costs {span} of what it costs in the other build."]
        noise = f"Noise {self.noise():.1%} over {len(self.rounds[STK])} rounds. {machine()}"
        return [*rows, "", noise, f"Written by `python benchmarks/apis.py --write`. Goal: {GOAL} for each API."]

    def missed(self) -> list[str]:
        """The rows that are slower than they may be."""
        slow = [name for name in self.rounds if name not in (STK, AGAIN, ALONE, OTHER)]
        slow = [name for name in slow if statistics.median(self.ratios(name)) < GOAL]
        if OTHER in self.rounds and statistics.median(self.against_other()) > 1 + max(self.noise(), 0.05):
            slow.append(f"{ALONE} (slower than {OTHER})")
        return slow

    def against_other(self) -> list[float]:
        """What an STK payment costs as a part of what it costs in the other build, by round."""
        return [own / other for own, other in zip(self.rounds[ALONE], self.rounds[OTHER], strict=True)]


async def round_of(
    environment: TestEnvironment, product: Product, rows: tuple[Api, ...], seconds: float
) -> dict[str, float]:
    """One round of every API and of STK payments before and after them."""
    receipts: deque[bytes] = deque()
    costs = {STK: (await play(product, environment, seconds)).cost_us}
    for api in rows:
        environment.sink.seen.clear()
        is_first = api is rows[0]  # it makes the payments that are reversed: more than there are reversals
        result = await play(Caller(product, api, receipts), environment, seconds * (2 if is_first else 1))
        costs[api.name] = result.cost_us
        if is_first:
            receipts.extend(environment.sink.seen)
    costs[AGAIN] = (await play(product, environment, seconds)).cost_us
    return costs


async def run(arguments: argparse.Namespace) -> int:
    """The whole run."""
    flags = [word for row in ORGANISATIONS for word in ("--organisation", row)]
    found = Found()
    try:
        environment = await TestEnvironment.built()
        product = Product(environment.core, STK, *flags)
        beside: list[Product] = []
        if arguments.against:
            beside = [Product(environment.core, ALONE), Product(environment.core, OTHER, python=arguments.against)]
        try:
            url = {"ShortCode": PAYBILL, "ResponseType": "Completed", "ConfirmationURL": environment.sink_url,
                   "ValidationURL": environment.sink_url}  # fmt: skip
            product.send("/mpesa/c2b/v2/registerurl", url)
            rows = apis(sealed_for(product))
            for number in range(arguments.rounds + 1):
                for alone in beside if number % 2 else beside[::-1]:
                    cost = (await play(alone, environment, arguments.seconds)).cost_us
                    if number:
                        found.add(alone.name, cost)
                for name, cost in (await round_of(environment, product, rows, arguments.seconds)).items():
                    if number:  # the first round warms up
                        found.add(name, cost)
                        print(f"round {number:2}  {name:22} {cost:6.1f} us CPU each", flush=True)
        finally:
            for process in (product, *beside):
                process.stop()
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1
    print("\n".join(found.lines()))
    if arguments.write:
        replace_block(PAGE, BEGIN, END, found.lines())
    for name in found.missed():
        print(f"too slow: {name}")
    return int(bool(found.missed()))


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="at most 60")
    parser.add_argument("--seconds", type=float, default=0.4, help="of load for each API and round, at most 5")
    parser.add_argument("--against", metavar="PYTHON", help="of another build: its STK payments are played in turn")
    parser.add_argument("--write", action="store_true", help="docs/benchmarks.md")
    arguments = parser.parse_args()
    arguments.rounds, arguments.seconds = min(arguments.rounds, 60), min(arguments.seconds, 5.0)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
