"""mpesakit. Way in: the public attribute `base_url` of its HTTP client."""

import json
from typing import Any

from journey import AMOUNT, CONSUMER_KEY, CONSUMER_SECRET, DARAJA_URL, PASSKEY, REFERENCE, SHORT_CODE, travel
from mpesakit import MpesaClient

client = MpesaClient(consumer_key=CONSUMER_KEY, consumer_secret=CONSUMER_SECRET, environment="sandbox")
client.http_client.base_url = DARAJA_URL


def push(msisdn: str, url: str) -> dict[str, Any]:
    answer = client.stk_push(
        business_short_code=int(SHORT_CODE),
        passkey=PASSKEY,
        transaction_type="CustomerPayBillOnline",
        amount=AMOUNT,
        party_a=msisdn,
        party_b=SHORT_CODE,
        phone_number=msisdn,
        callback_url=url,
        account_reference=REFERENCE,
        transaction_desc="Order 42",
    )
    return {
        "checkout_request_id": answer.CheckoutRequestID,
        "merchant_request_id": answer.MerchantRequestID,
        "response_code": answer.ResponseCode,
        "successful": answer.is_successful(),
    }


def query(checkout_request_id: str) -> dict[str, Any]:
    answer = client.stk_query(
        business_short_code=int(SHORT_CODE), passkey=PASSKEY, checkout_request_id=checkout_request_id
    )
    return {"result_code": answer.ResultCode, "result_desc": answer.ResultDesc, "successful": answer.is_successful()}


def parse(text: str) -> dict[str, Any]:
    callback = client.process_stk_callback(json.loads(text))
    inner = callback.Body.stkCallback
    return {
        "result_code": inner.ResultCode,
        "checkout_request_id": inner.CheckoutRequestID,
        "successful": callback.is_successful,
        "amount": callback.amount,
        "receipt": callback.mpesa_receipt_number,
        "msisdn": callback.phone_number,
    }


travel(token=client.token_manager.get_token, push=push, query=query, parse=parse)
