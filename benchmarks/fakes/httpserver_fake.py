"""A Daraja as a test writes it with pytest-httpserver: a handler that acknowledges, and a callback by a timer.

No token, no validation, no state. Started by `peers.py`; prints one JSON line when ready.
"""

from __future__ import annotations

import json
import logging
import sys
from threading import Event, Timer

from flask_fake import AFTER_S, call_back, counters, note, numbers
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


def push(request: Request) -> Response:
    """Acknowledge, and call back later."""
    wire = request.get_json()
    identifier = f"ws_CO_httpserver_{next(numbers):014d}"
    Timer(AFTER_S, call_back, (wire, identifier)).start()
    note("accepted")
    acknowledgement = {
        "MerchantRequestID": "1",
        "CheckoutRequestID": identifier,
        "ResponseCode": "0",
        "ResponseDescription": "Success",
        "CustomerMessage": "Success",
    }
    return Response(json.dumps(acknowledgement, separators=(",", ":")), content_type="application/json")


def main() -> None:
    """Run until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        server.expect_request("/mpesa/stkpush/v1/processrequest", method="POST").respond_with_handler(push)
        server.expect_request("/stats").respond_with_handler(lambda _: Response(json.dumps(counters)))
        sys.stdout.write(json.dumps({"url": server.url_for("").rstrip("/")}) + "\n")
        sys.stdout.flush()
        Event().wait()


if __name__ == "__main__":
    main()
