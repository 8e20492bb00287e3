"""mpesa-wrapper: every operation that it has. Way in: its setting `base_url`."""

from mpesa_wrapper import MpesaClient
from mpesa_wrapper.models.callbacks import C2BValidationCallback, MpesaCallbackPayload
from operations import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    CREDENTIAL,
    DARAJA_URL,
    INITIATOR,
    PASSKEY,
    PHONE,
    PUSH_CODE,
    SHORT_CODE,
    finish,
    receipt_of_push,
    run,
    url,
)


def client_of(short_code, name):
    return MpesaClient(
        {
            "consumer_key": CONSUMER_KEY,
            "consumer_secret": CONSUMER_SECRET,
            "environment": "sandbox",
            "shortcode": short_code,
            "passkey": PASSKEY,
            "callback_url": url(name),
            "initiator_name": INITIATOR,
            "security_credential": CREDENTIAL,
            "timeout_url": url(f"{name}-timeout"),
            "result_url": url(name),
            "base_url": DARAJA_URL,
            "auth_url": f"{DARAJA_URL}/oauth/v1/generate?grant_type=client_credentials",
        }
    )


def read_payout(message):
    callback = MpesaCallbackPayload(**message).get_b2c_callback()
    if callback is None:
        raise ValueError("no payout is found in it")
    return callback


push = client_of(PUSH_CODE, "stk_push")
run("token", push.auth.get_token)
run(
    "stk_push",
    lambda: push.stk_push(phone_number=PHONE, amount=20, account_reference="OPS", transaction_desc="x"),
    later=True,
    parse=lambda message: MpesaCallbackPayload(**message).get_stk_callback(),
)
run(
    "c2b_register",
    lambda: client_of(SHORT_CODE, "c2b").register_url(
        confirmation_url=url("c2b_simulate"), validation_url=url("c2b-v")
    ),
)
run(
    "c2b_simulate",
    lambda: client_of(SHORT_CODE, "c2b").simulate_transaction(phone_number=PHONE, amount=500, bill_ref="HOUSE-12B"),
    later=True,
    parse=lambda message: C2BValidationCallback(**message),
)
run(
    "b2c",
    lambda: client_of(SHORT_CODE, "b2c").b2c_payment(phone_number=PHONE, amount=250),
    later=True,
    parse=read_payout,
)
run("balance", client_of(SHORT_CODE, "balance").account_balance, later=True)
run(
    "status",
    lambda: client_of(PUSH_CODE, "status").transaction_status(transaction_id=receipt_of_push()),
    later=True,
)
run(
    "reversal",
    lambda: client_of(PUSH_CODE, "reversal").reverse_transaction(transaction_id=receipt_of_push(), amount=20),
    later=True,
)
finish()
