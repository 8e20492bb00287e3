"""Kiosk: a small shop that takes M-Pesa, built around mpesakit from its README, as beginners write it."""

import os
import sys
import uuid

from flask import Flask, jsonify, request
from mpesakit import MpesaClient

app = Flask(__name__)

SHORT_CODE = os.environ["MPESA_SHORT_CODE"]
PASSKEY = os.environ["MPESA_PASSKEY"]
PUBLIC_URL = os.environ["PUBLIC_URL"]

mpesa = MpesaClient(
    consumer_key=os.environ["MPESA_CONSUMER_KEY"],
    consumer_secret=os.environ["MPESA_CONSUMER_SECRET"],
    environment="sandbox",
)
mpesa.http_client.base_url = os.environ["MPESA_BASE_URL"]

orders = {}
by_checkout = {}


@app.get("/health")
def health():
    return {"ok": True}


@app.post("/api/orders")
def buy():
    wanted = request.get_json()
    order = {
        "id": uuid.uuid4().hex[:10],
        "reference": wanted["reference"],
        "amount": wanted["amount"],
        "status": "PENDING",
        "message": "Check your phone and enter your M-Pesa PIN",
        "receipt": None,
        "credited": 0,
    }
    orders[order["id"]] = order
    try:
        answer = mpesa.stk_push(
            business_short_code=int(SHORT_CODE),
            passkey=PASSKEY,
            transaction_type="CustomerPayBillOnline",
            amount=wanted["amount"],
            party_a=wanted["phone"],
            party_b=SHORT_CODE,
            phone_number=wanted["phone"],
            callback_url=f"{PUBLIC_URL}/stk/callback",
            account_reference=wanted["reference"],
            transaction_desc="Kiosk order",
        )
    except Exception as error:  # noqa: BLE001 - as such shops do
        order["status"] = "FAILED"
        order["message"] = "Payment failed, please try again"
        app.logger.warning("push failed: %s", error)
        return jsonify(order), 502
    by_checkout[answer.CheckoutRequestID] = order
    return jsonify(order), 201


@app.post("/stk/callback")
def callback():
    paid = mpesa.process_stk_callback(request.get_json())
    order = by_checkout[paid.Body.stkCallback.CheckoutRequestID]
    if paid.is_successful:
        order["status"] = "PAID"
        order["receipt"] = paid.mpesa_receipt_number
        order["credited"] += paid.amount
        order["message"] = "Thank you, your payment was received"
    else:
        order["status"] = "FAILED"
        order["message"] = "Payment failed, please try again"
    return {"ResultCode": 0, "ResultDesc": "Accepted"}


@app.get("/api/orders/<order_id>")
def show(order_id):
    return jsonify(orders[order_id])


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
