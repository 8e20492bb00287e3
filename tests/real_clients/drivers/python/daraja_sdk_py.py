"""daraja-sdk-py: every operation of its main object. Way in: the constant `daraja.environment.SANDBOX_BASE_URL`."""

from datetime import datetime, timedelta, timezone
from itertools import count

import daraja.environment
from daraja import Mpesa, MpesaConfig
from daraja.webhooks import WebhookManager
from operations import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    CREDENTIAL,
    DARAJA_URL,
    INITIATOR,
    OTHER_SHORT_CODE,
    PASSKEY,
    PHONE,
    SHORT_CODE,
    checkout_of_push,
    finish,
    receipt_of_push,
    run,
    url,
)

daraja.environment.SANDBOX_BASE_URL = DARAJA_URL
client = Mpesa(
    MpesaConfig(
        consumer_key=CONSUMER_KEY,
        consumer_secret=CONSUMER_SECRET,
        environment="sandbox",
        shortcode="174379",
        passkey=PASSKEY,
        initiator_name=INITIATOR,
        security_credential=CREDENTIAL,
    )
)
today = datetime.now(timezone(timedelta(hours=3)))
own, other, phone = int(SHORT_CODE), int(OTHER_SHORT_CODE), int(PHONE)


# It does not repeat a push with the same fields.
numbers = count(1)


def urls(name: str) -> dict[str, str]:
    return {"ResultURL": url(name), "QueueTimeOutURL": url(f"{name}-timeout")}


run("token", client.get_access_token)
push = run(
    "stk_push",
    lambda: client.stk_push(
        {
            "BusinessShortCode": 174379,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 20,
            "PartyA": phone,
            "PartyB": 174379,
            "PhoneNumber": phone,
            "CallBackURL": url("stk_push"),
            "AccountReference": f"OPS{next(numbers)}",
            "TransactionDesc": "x",
        }
    ),
    later=True,
    parse=WebhookManager().parse_stk_callback,
)
run(
    "stk_query",
    lambda: client.stk_query({"BusinessShortCode": "174379", "CheckoutRequestID": checkout_of_push()}),
)
run(
    "c2b_register",
    lambda: client.c2b_register_url(
        {
            "ShortCode": SHORT_CODE,
            "ResponseType": "Completed",
            "ConfirmationURL": url("c2b_simulate"),
            "ValidationURL": url("c2b-v"),
        }
    ),
)
run(
    "c2b_simulate",
    lambda: client.c2b_simulate(
        {
            "ShortCode": own,
            "CommandID": "CustomerPayBillOnline",
            "Amount": 500,
            "Msisdn": phone,
            "BillRefNumber": "HOUSE-12B",
        }
    ),
    later=True,
)
run(
    "b2c",
    lambda: client.b2c(
        {
            "OriginatorConversationID": "sdk-1",
            "CommandID": "BusinessPayment",
            "Amount": 250,
            "PartyA": own,
            "PartyB": phone,
            "Remarks": "Refund",
            **urls("b2c"),
        }
    ),
    later=True,
)
run(
    "b2pochi",
    lambda: client.b2pochi(
        {
            "OriginatorConversationID": "sdk-2",
            "Amount": 100,
            "PartyA": own,
            "PartyB": phone,
            "Remarks": "Supplier",
            **urls("b2pochi"),
        }
    ),
    later=True,
)
goods = {
    "Initiator": INITIATOR,
    "SecurityCredential": CREDENTIAL,
    "Amount": 239,
    "PartyA": own,
    "PartyB": other,
    "AccountReference": "353353",
    "Remarks": "Stock order",
}
run("b2b_buygoods", lambda: client.business_buy_goods({**goods, **urls("b2b_buygoods")}), later=True)
run("b2b_paybill", lambda: client.business_pay_bill({**goods, **urls("b2b_paybill")}), later=True)
run(
    "b2b_topup",
    lambda: client.b2c_account_top_up(
        {
            "Amount": "239",
            "PartyA": SHORT_CODE,
            "PartyB": OTHER_SHORT_CODE,
            "AccountReference": "353353",
            "Remarks": "Top up",
            **urls("b2b_topup"),
        }
    ),
    later=True,
)
run(
    "balance",
    lambda: client.account_balance(
        {"CommandID": "AccountBalance", "PartyA": own, "Remarks": "Balance", **urls("balance")}
    ),
    later=True,
    parse=client.account_balance_service.parse_callback,
)
run(
    "status",
    lambda: client.transaction_status(
        {
            "CommandID": "TransactionStatusQuery",
            "TransactionID": receipt_of_push(),
            "PartyA": 174379,
            "Remarks": "Status",
            "Occasion": "OK",
            **urls("status"),
        }
    ),
    later=True,
)
run(
    "reversal",
    lambda: client.reversal(
        {
            "CommandID": "TransactionReversal",
            "TransactionID": receipt_of_push(),
            "Amount": 20,
            "ReceiverParty": 174379,
            "Remarks": "Reverse",
            **urls("reversal"),
        }
    ),
    later=True,
)
run(
    "qr",
    lambda: client.dynamic_qr(
        {"MerchantName": "Duka", "RefNo": "INV1", "Amount": 100, "TrxCode": "PB", "CPI": SHORT_CODE, "Size": "300"}
    ),
)
run(
    "pull_register",
    lambda: client.pull_transactions_register(
        {"ShortCode": SHORT_CODE, "NominatedNumber": PHONE, "CallBackURL": url("pull")}
    ),
)
run(
    "pull_query",
    lambda: client.pull_transactions_query(
        {"ShortCode": SHORT_CODE, "StartDate": f"{today:%Y-%m-%d} 00:00:00", "EndDate": f"{today:%Y-%m-%d} 23:59:59"}
    ),
)
run(
    "b2b_express",
    lambda: client.b2b_express(
        {
            "primaryShortCode": SHORT_CODE,
            "receiverShortCode": OTHER_SHORT_CODE,
            "amount": "100",
            "paymentRef": "INV1",
            "callbackUrl": url("b2b_express"),
            "partnerName": "Vendor",
            "RequestRefID": "sdk-express-1",
        }
    ),
    later=True,
)
run("organisation", lambda: client.query_org_info({"IdentifierType": 4, "Identifier": own}))
run("imsi", lambda: client.imsi_query({"customerNumber": PHONE}))
run("swap", lambda: client.swap({"customerNumber": PHONE}))
run(
    "bill_opt_in",
    lambda: client.bill_manager_service.opt_in(
        {
            "shortcode": SHORT_CODE,
            "email": "a@example.com",
            "officialContact": PHONE,
            "sendReminders": "1",
            "callbackurl": url("bill"),
        }
    ),
)
run(
    "ratiba",
    lambda: client.ratiba(
        {
            "StandingOrderName": "Rent",
            "StartDate": "20261201",
            "EndDate": "20271201",
            "BusinessShortCode": SHORT_CODE,
            "TransactionType": "Standing Order Customer Pay Bill",
            "Amount": "100",
            "PartyA": PHONE,
            "CallBackURL": url("ratiba"),
            "AccountReference": "Rent",
            "TransactionDesc": "Rent",
            "Frequency": "4",
        }
    ),
    later=True,
)
finish()
