"""Soko, a second shop, built otherwise than Duka: Flask, forms and pages instead of JSON, a session, and callbacks that
are believed because only Safaricom knows their path. `python soko.py --port 8001 --db soko.db`.
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
from html import escape

import words
from flask import Flask, Response, redirect, request, session
from market import Shop
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as Answer

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Soko</title></head><body>
<h1><a href="/">Soko</a></h1>{body}</body></html>"""
ORDER = """<article data-order="{id}" data-state="{state}"><h2>Order {name}: {state}</h2>
<p class="message">{message}</p><table><tr><td>To pay</td><td>KES {amount}</td></tr>
<tr><td>Paid</td><td class="paid">{credited}</td></tr>
<tr><td>Receipt</td><td class="receipt">{receipt}</td></tr></table>
</article>"""
FORM = """<form method="post" action="/buy"><p>{problem}</p><input name="what" placeholder="order">
<input name="tel" placeholder="0712 345 678"><input name="kes" placeholder="shillings"><button>Lipa</button></form>"""
WELCOME = (
    """<form method="post" action="/hello"><input name="who" placeholder="your name"><button>Karibu</button></form>"""
)
LARGEST = 100_000
"""Bytes; a callback has less than one thousand."""


def build(shop: Shop) -> Flask:
    """The pages, and the one path that Safaricom calls."""
    app = Flask("soko")
    app.config.update(MAX_CONTENT_LENGTH=LARGEST, SECRET_KEY=shop.books.fact("session"))

    @app.get("/up")
    def up() -> str:
        return "up"

    @app.get("/")
    def home() -> Answer:
        return page(FORM.format(problem="") if "who" in session else WELCOME)

    @app.post("/hello")
    def hello() -> Answer:
        session["who"] = request.form.get("who", "")
        return redirect("/", 303)

    @app.post("/buy")
    def buy() -> Answer:
        if "who" not in session:
            return page(WELCOME, 401)
        form = request.form
        order_id, problem = shop.buy(form.get("what", ""), form.get("tel", ""), form.get("kes", ""))
        return redirect(f"/order/{order_id}", 303) if order_id else page(FORM.format(problem=escape(problem)), 400)

    @app.get("/order/<order_id>")
    def order(order_id: str) -> Answer:
        if "who" not in session:
            return page(WELCOME, 401)
        found = shop.books.order("id", order_id)
        return page("<p>There is no such order.</p>", 404) if found is None else page(shown(found))

    @app.post(shop.hook)
    def hook() -> Answer:
        if shop.hear(request.get_data(as_text=True)):
            return Response('{"ResultCode": 0, "ResultDesc": "Accepted"}', content_type="application/json")
        return page("<p>This is no callback.</p>", 400)

    return app


def page(body: str, status: int = 200) -> Answer:
    return Response(PAGE.format(body=body), status)


def shown(order: sqlite3.Row) -> str:
    """One order, as its customer sees it."""
    paid = order["state"] == "paid"
    text = words.PAID.format(receipt=order["receipt"] or "it follows by SMS") if paid else order["message"]
    fields = {**dict(order), "name": escape(order["name"]), "receipt": order["receipt"] or ""}
    return ORDER.format(**{**fields, "message": escape(text)})


class Quiet(WSGIRequestHandler):
    """The path of callbacks is a secret: it stands in no log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="soko", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--db", default="soko.db", help="SQLite file; kept over restarts")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    app = build(Shop(options.db))
    make_server("127.0.0.1", options.port, app, threaded=True, request_handler=Quiet).serve_forever()


if __name__ == "__main__":
    main()
