"""A merchant that answers what `merchant.yaml` asks, and does nothing else: a payment is paid after some looks.

Started by `generator.py`; prints one JSON line when ready.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from itertools import count

PENDING_LOOKS = 5
"""A payment is pending so often, and paid from then on: 1.5 s of a real one, which a customer looks at so often."""


class Merchant:
    """All payments: how often each was looked at."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.looks: defaultdict[str, int] = defaultdict(int)

    def answer(self, method: str, path: str) -> tuple[int, object]:
        """Status and body."""
        if method == "POST":
            return 202, {"id": f"p{next(self.numbers)}", "status": "PENDING", "message": "Check your phone"}
        if not path.startswith("/api/payments/"):
            return 200, {"credits": [{"receipt": "UJ7K4T9QWX"}], "total": 0}
        payment = path.split("/")[3]
        self.looks[payment] += 1
        paid = self.looks[payment] > PENDING_LOOKS
        state, receipt = ("PAID", "UJ7K4T9QWX") if paid else ("PENDING", None)
        return 200, {"id": payment, "status": state, "message": "", "receipt": receipt, "credited": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it is closed."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *headers = head.decode("latin-1").split("\r\n")
                lengths = [row.partition(":")[2] for row in headers if row.lower().startswith("content-length:")]
                await reader.readexactly(int(lengths[0]) if lengths else 0)
                status, value = self.answer(*line.split()[:2])
                body = json.dumps(value).encode()
                kind = b"Content-Type: application/json"
                writer.write(b"HTTP/1.1 %d OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (status, kind, len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main() -> None:
    """Run until the process is ended."""
    server = await asyncio.start_server(Merchant().serve, "127.0.0.1", 0, backlog=5000)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
