"""noriapay: every operation of its M-Pesa client, with Daraja's own field names. Way in: its setting `base_url`."""

from noriapay.mpesa import MpesaClient
from operations import CONSUMER_KEY, CONSUMER_SECRET, DARAJA_URL, finish, request, run

client = MpesaClient(consumer_key=CONSUMER_KEY, consumer_secret=CONSUMER_SECRET, base_url=DARAJA_URL)
calls = {
    "stk_push": client.stk_push,
    "c2b_register": client.register_c2b_urls,
    "b2c": client.b2c_payment,
    "b2b_paybill": client.b2b_payment,
    "balance": client.account_balance,
    "status": client.transaction_status,
    "reversal": client.reversal,
    "qr": client.generate_qr_code,
}
run("token", client.get_access_token)
for name, call in calls.items():
    run(name, lambda call=call, name=name: call(request(name)), later=name not in {"c2b_register", "qr"})
run("stk_query", lambda: client.stk_push_query(request("stk_query")))
typed = {"MerchantName": "Duka", "MerchantShortCode": "600992", "Amount": 100, "QRType": "Dynamic"}
run("qr_as_typed", lambda: client.generate_qr_code(typed))
finish()
