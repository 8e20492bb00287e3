"""A Flask shop that takes M-Pesa."""

import os

from flask import Flask, jsonify, request
from mpesa import Payments, shown
from sqlite_store import SqliteStore

app = Flask(__name__)
payments = Payments(SqliteStore(os.environ.get("DB_FILE", "shop.db")))
payments.ask_about_silent_ones()


@app.get("/health")
def health():
    return jsonify(ok=True)


@app.post("/api/pay")
def pay():
    body = request.get_json()
    status, answer = payments.start(body.get("phone"), body.get("amount"), body.get("reference"))
    return jsonify(answer), status


@app.get("/api/payments/<payment_id>")
def payment_status(payment_id):
    payment = payments.store.by("id", payment_id)
    return (jsonify(shown(payment)), 200) if payment else (jsonify(message="No such payment."), 404)


@app.post("/hooks/<secret>")
def mpesa_callback(secret):
    payments.callback(secret, request.get_data())
    return jsonify(ResultCode=0, ResultDesc="Accepted")
