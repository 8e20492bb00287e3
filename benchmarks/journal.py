"""How fast the journal's file is searched when it is large: by payment, by phone, by reference.

    python benchmarks/journal.py [--entries 1000000]

Entries are made directly and written by the product's own `JournalFile`; each search is a new one of the product's own
`JournalSearch`, cold keys, in a file of the given size. Exits 1 when the slowest of a kind takes 200 ms or more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Final

from tayari_simulator.journal.entries import Question
from tayari_simulator.journal.sqlite_file import JournalFile, JournalSearch
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange

GOAL_S: Final = 0.2
AT_ONCE: Final = 50_000
SEARCHES: Final = 50
_HEADERS: Final = ((b"Host", b"127.0.0.1:9310"), (b"Content-Type", b"application/json"))


def entry_pair(number: int) -> tuple[JournalExchange, JournalExchange]:
    """A push and its callback, as large as real ones."""
    msisdn, checkout = str(254_700_000_000 + number), f"ws_CO_07102026143503{number:010d}"
    body = (f'{{"BusinessShortCode":174379,"Password":"{"x" * 100}","Timestamp":"20261007143501","Amount":10,'
            f'"PhoneNumber":{msisdn},"CallBackURL":"http://127.0.0.1:8000/hooks","AccountReference":"INV-{number}",'
            f'"TransactionDesc":"Order {number}"}}').encode()  # fmt: skip
    push = JournalExchange(
        ExchangeKind.REQUEST, "stk_push", "POST", "/mpesa/stkpush/v1/processrequest", _HEADERS, body, 1.0, 1.0
    )
    callback = JournalExchange(
        ExchangeKind.CALLBACK, "callback", "POST", "http://127.0.0.1:8000/hooks", _HEADERS, b"y" * 420, 2.0, 2.0
    )
    for place, entry in enumerate((push, callback), 1):
        entry.seq, entry.msisdn, entry.transaction_id = number * 2 + place, msisdn, checkout
        entry.status, entry.response_body = 200, b"z" * 200
    return push, callback


def filled(path: str, entries: int) -> float:
    """Write a number of entries; returns the seconds that took."""
    began = time.monotonic()
    file = JournalFile(path)
    for number in range(entries // 2):
        for entry in entry_pair(number):
            file.add(entry)
        if number % AT_ONCE == 0:
            while file.behind:
                time.sleep(0.01)
    file.close()
    return time.monotonic() - began


def searched(path: str, entries: int) -> dict[str, list[float]]:
    """Seconds of each search, by kind, from the shortest to the longest."""
    search, random = JournalSearch(path), Random(1)
    took: dict[str, list[float]] = {"payment": [], "phone": [], "reference": [], "latest": []}
    for _ in range(SEARCHES):
        number = random.randrange(entries // 2)
        for kind, question in (
            ("payment", Question(transaction_id=f"ws_CO_07102026143503{number:010d}")),
            ("phone", Question(msisdn=str(254_700_000_000 + number))),
            ("reference", Question(reference=f"INV-{number}")),
        ):
            began = time.perf_counter()
            found = search.find(question, limit=1000)
            took[kind].append(time.perf_counter() - began)
            if [row.seq for row in found] != [number * 2 + 1, number * 2 + 2]:
                raise SystemExit(f"wrong entries for {question}")
        began = time.perf_counter()
        search.find(Question(), limit=1000, latest=True)
        took["latest"].append(time.perf_counter() - began)
    return {kind: sorted(times) for kind, times in took.items()}


def main() -> int:
    """Fill, search, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000, help="at most 2000000")
    arguments = parser.parse_args()
    entries = min(arguments.entries, 2_000_000) // 2 * 2
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "journal.sqlite")
        took_s = filled(path, entries)
        size_mb = Path(path).stat().st_size / 1e6
        print(f"{entries} entries written in {took_s:.0f} s ({entries / took_s:.0f}/s), {size_mb:.0f} MB")
        worst = 0.0
        for kind, times in searched(path, entries).items():
            print(f"by {kind:10} median {times[len(times) // 2] * 1e3:6.1f} ms, longest {times[-1] * 1e3:6.1f} ms")
            worst = max(worst, times[-1])
    return int(worst >= GOAL_S)


if __name__ == "__main__":
    sys.exit(main())
