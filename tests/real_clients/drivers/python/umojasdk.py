"""umojasdk: every operation of its M-Pesa client. Way in: hosts written into its code."""

from operations import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    CREDENTIAL,
    INITIATOR,
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
from umojasdk.providers.mpesa import B2CRequest, MpesaConfig, STKPushRequest, UmojaMpesa


def client_of(short_code):
    config = MpesaConfig(
        consumer_key=CONSUMER_KEY,
        consumer_secret=CONSUMER_SECRET,
        shortcode=short_code,
        passkey=PASSKEY,
        callback_url=url("stk_push"),
    )
    return UmojaMpesa(config)


def initiator(name):
    return {
        "initiator_name": INITIATOR,
        "security_credential": CREDENTIAL,
        "result_url": url(name),
        "timeout_url": url(f"{name}-timeout"),
    }


push, own = client_of(PUSH_CODE), client_of(SHORT_CODE)
run("token", push._get_token)
run(
    "stk_push",
    lambda: push.stk_push(STKPushRequest(phone=PHONE, amount=20, reference="OPS", description="x")).raw,
    later=True,
    parse=push.parse_callback,
)
run("stk_query", lambda: push.query_stk_status(checkout_of_push()))
run("c2b_register", lambda: own.register_c2b_urls(url("c2b-v"), url("c2b_simulate")))
run("c2b_simulate", lambda: own.simulate_c2b(PHONE, 500, "HOUSE-12B"), later=True, parse=own.verify_c2b_callback)
payout = B2CRequest(phone=PHONE, amount=250, command_id="BusinessPayment", remarks="Refund", **initiator("b2c"))
run("b2c", lambda: own.b2c(payout), later=True)
run("balance", lambda: own.account_balance(**initiator("balance")), later=True)
run("status", lambda: push.query_transaction_status(receipt_of_push(), **initiator("status")), later=True)
run("reversal", lambda: push.reverse_transaction(receipt_of_push(), 20, **initiator("reversal")), later=True)
run("tax", lambda: own.remit_tax(239, "353353", **initiator("tax")), later=True)
run("sim_swap", lambda: own.check_sim_swap(PHONE))
finish()
