"""Floor A: what a whole payment costs with a bare aiohttp handler and aiohttp's client, and no duty at all.

Accept a push, put it on a queue, post a callback with `ClientSession`, read the answer. No token, no validation,
no state, no journal, no timer. Started by `payments.py`; prints one JSON line when ready.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from itertools import count

import aiohttp
import orjson
import uvloop
from aiohttp import web

WORKERS = 64
ACK = b'"ResponseCode":"0","ResponseDescription":"Success","CustomerMessage":"Success"}'


class Floor:
    """The handler, the queue and the workers."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.numbers = count(os.getpid() * 1_000_000_000)
        """Unlike those of a second floor, as the merchant counts payments by id."""
        self.accepted = self.answered = self.failed = 0

    async def push(self, request: web.Request) -> web.Response:
        """Accept: an id, an acknowledgement, a place in the queue."""
        wire = orjson.loads(await request.read())
        identifier = f"ws_CO_{next(self.numbers):022d}"
        self.accepted += 1
        body = {
            "Body": {
                "stkCallback": {
                    "MerchantRequestID": "1",
                    "CheckoutRequestID": identifier,
                    "ResultCode": 0,
                    "ResultDesc": "The service request is processed successfully.",
                    "CallbackMetadata": {
                        "Item": [
                            {"Name": "Amount", "Value": wire["Amount"]},
                            {"Name": "MpesaReceiptNumber", "Value": "UJ7K4T9QWX"},
                            {"Name": "TransactionDate", "Value": 20261007143521},
                            {"Name": "PhoneNumber", "Value": wire["PhoneNumber"]},
                        ]
                    },
                }
            }
        }
        self.queue.put_nowait((wire["CallBackURL"], orjson.dumps(body)))
        ack = b'{"MerchantRequestID":"1","CheckoutRequestID":"%b",%b' % (identifier.encode(), ACK)
        return web.Response(body=ack, content_type="application/json")

    async def work(self, session: aiohttp.ClientSession) -> None:
        """Post what is queued, one after another."""
        while True:
            url, body = await self.queue.get()
            try:
                async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
                    await answer.read()
                self.answered += 1
            except aiohttp.ClientError:
                self.failed += 1

    async def stats(self, _: web.Request) -> web.Response:
        """The counters, for the benchmark's accounts."""
        return web.json_response({"accepted": self.accepted, "answered": self.answered, "failed": self.failed})


async def serve() -> None:
    """Run until the process is ended."""
    floor = Floor()
    app = web.Application()
    app.add_routes([web.post("/mpesa/stkpush/v1/processrequest", floor.push), web.get("/stats", floor.stats)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(json.dumps({"url": f"http://{host}:{port}"}) + "\n")
    sys.stdout.flush()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=WORKERS)) as session:
        await asyncio.gather(*(floor.work(session) for _ in range(WORKERS)))


if __name__ == "__main__":
    uvloop.run(serve())
