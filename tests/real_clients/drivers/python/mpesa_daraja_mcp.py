"""mpesa-daraja-mcp: every tool that calls Daraja, as its server runs it. Way in: hosts written into its code."""

import os
import tempfile

from operations import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    CREDENTIAL,
    INITIATOR,
    OTHER_SHORT_CODE,
    PASSKEY,
    PHONE,
    PUSH_CODE,
    SHORT_CODE,
    checkout_of_push,
    finish,
    receipt_of_push,
    run,
    url,
)

os.environ |= {
    "HOME": tempfile.mkdtemp(),
    "DARAJA_CONSUMER_KEY": CONSUMER_KEY,
    "DARAJA_CONSUMER_SECRET": CONSUMER_SECRET,
    "DARAJA_SHORTCODE": PUSH_CODE,
    "DARAJA_PASSKEY": PASSKEY,
    "DARAJA_INITIATOR_NAME": INITIATOR,
    "DARAJA_SECURITY_CREDENTIAL": CREDENTIAL,
    "DARAJA_STATE_DB": os.path.join(tempfile.mkdtemp(), "state.db"),
}
from mpesa_mcp import helpers, server


def urls(name):
    return {"result_url": url(name), "timeout_url": url(f"{name}-timeout")}


def b2b(name):
    key = f"{PHONE}-{name}"
    return {
        "amount": 239,
        "account_reference": "353353",
        "party_a": SHORT_CODE,
        "idempotency_key": key,
        **urls(name),
    }


operations = {
    "stk_push": lambda: server.stk_push(PHONE, 20, "OPS", callback_url=url("stk_push")),
    "stk_query": lambda: server.stk_query(checkout_of_push()),
    "c2b_register": lambda: server.c2b_register_urls(url("c2b_simulate"), url("c2b-v"), shortcode=SHORT_CODE),
    "c2b_simulate": lambda: server.c2b_simulate(500, PHONE, "HOUSE-12B", shortcode=SHORT_CODE),
    "b2c": lambda: server.b2c_payment(PHONE, 250, "Refund", f"{PHONE}-1", party_a=SHORT_CODE, **urls("b2c")),
    "b2pochi": lambda: server.b2c_payment(
        PHONE, 100, "Supplier", f"{PHONE}-2", "BusinessPayToPochi", party_a=SHORT_CODE, **urls("b2pochi")
    ),
    "b2b_paybill": lambda: server.b2b_payment(OTHER_SHORT_CODE, **b2b("b2b_paybill")),
    "b2b_buygoods": lambda: server.b2b_payment(OTHER_SHORT_CODE, command="BusinessBuyGoods", **b2b("b2b_buygoods")),
    "b2b_topup": lambda: server.b2b_payment(OTHER_SHORT_CODE, command="BusinessPayToBulk", **b2b("b2b_topup")),
    "tax": lambda: server.b2b_payment("572572", command="PayTaxToKRA", **b2b("tax")),
    "b2b_express": lambda: server.b2b_express_checkout(
        SHORT_CODE, OTHER_SHORT_CODE, 100, "INV1", "Vendor", f"{PHONE}-3", url("b2b_express")
    ),
    "balance": lambda: server.account_balance(SHORT_CODE, **urls("balance")),
    "status": lambda: server.transaction_status(receipt_of_push(), **urls("status")),
    "reversal": lambda: server.reverse_transaction(receipt_of_push(), 20, "Reverse", **urls("reversal")),
    "qr": lambda: server.generate_dynamic_qr("Duka", "INV1", 100, SHORT_CODE, "PB"),
    "pull_query": lambda: server.pull_transactions("2026-10-07 00:00:00", "2026-10-07 23:59:59", shortcode=SHORT_CODE),
    "ratiba": lambda: server.ratiba_create_standing_order(
        "Rent", PHONE, 100, "20261201", "20271201", "4", "Rent", callback_url=url("ratiba")
    ),
    "bill_opt_in": lambda: server.bill_manager_optin("a@example.com", PHONE, callback_url=url("bill")),
    "bill_invoice": lambda: server.bill_manager_send_invoice(
        "INV-1", "Amina Wanjiru", PHONE, "October 2026", "Rent", "2026-12-12", "HOUSE-12B", 800
    ),
    "bill_cancel": lambda: server.bill_manager_cancel_invoice("INV-1"),
}
at_once = {"stk_query", "c2b_register", "qr", "pull_query", "bill_opt_in", "bill_invoice", "bill_cancel"}
run("token", server.check_credentials)
for name, call in operations.items():
    run(name, call, later=name not in at_once, parse=helpers.parse_callback)
finish()
