"""daraja-sdk-py. Way in: the constant `daraja.environment.SANDBOX_BASE_URL`; it has no setting for it."""

import json
from typing import Any

import daraja.environment
from daraja import Mpesa, MpesaConfig
from daraja.webhooks import WebhookManager
from journey import AMOUNT, CONSUMER_KEY, CONSUMER_SECRET, DARAJA_URL, PASSKEY, REFERENCE, SHORT_CODE, travel

daraja.environment.SANDBOX_BASE_URL = DARAJA_URL
client = Mpesa(
    MpesaConfig(
        consumer_key=CONSUMER_KEY,
        consumer_secret=CONSUMER_SECRET,
        environment="sandbox",
        shortcode=SHORT_CODE,
        passkey=PASSKEY,
    )
)


def push(msisdn: str, url: str) -> dict[str, Any]:
    answer = client.stk_push(
        {
            "BusinessShortCode": int(SHORT_CODE),
            "TransactionType": "CustomerPayBillOnline",
            "Amount": AMOUNT,
            "PartyA": int(msisdn),
            "PartyB": int(SHORT_CODE),
            "PhoneNumber": int(msisdn),
            "CallBackURL": url,
            "AccountReference": REFERENCE,
            "TransactionDesc": "Order 42",
        }
    )
    return {
        "checkout_request_id": answer.CheckoutRequestID,
        "merchant_request_id": answer.MerchantRequestID,
        "response_code": answer.ResponseCode,
    }


def query(checkout_request_id: str) -> dict[str, Any]:
    answer = client.stk_query({"BusinessShortCode": SHORT_CODE, "CheckoutRequestID": checkout_request_id})
    return {"result_code": answer.ResultCode, "result_desc": answer.ResultDesc}


def parse(text: str) -> dict[str, Any]:
    told = WebhookManager().parse_stk_callback(json.loads(text))
    return {**told, "receipt": told.get("receipt_number"), "msisdn": told.get("phone_number")}


travel(token=client.get_access_token, push=push, query=query, parse=parse)
