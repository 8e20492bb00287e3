"""singularity-payments: every operation that it has, asynchronous. Way in: hosts written into its code."""

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
from singularity_payments.client.mpesa_client import MpesaClient
from singularity_payments.types import mpesa as types
from singularity_payments.types.config import MpesaConfig


def client_of(short_code):
    config = MpesaConfig(
        consumer_key=CONSUMER_KEY,
        consumer_secret=CONSUMER_SECRET,
        passkey=PASSKEY,
        short_code=short_code,
        environment="sandbox",
        callback_url=url("stk_push"),
        initiator_name=INITIATOR,
        security_credential=CREDENTIAL,
    )
    return MpesaClient(config)


def urls(name):
    return {"result_url": url(name), "timeout_url": url(f"{name}-timeout")}


push, own = client_of(PUSH_CODE), client_of(SHORT_CODE)
reader = own.get_callback_handler()
operations = {
    "stk_push": (
        lambda: push.stk_push(
            types.STKPushRequest(amount=20, phone_number=PHONE, account_reference="OPS", transaction_desc="x")
        ),
        reader.parse_callback,
    ),
    "stk_query": (
        lambda: push.stk_query(types.TransactionStatusRequest(checkout_request_id=checkout_of_push())),
        None,
    ),
    "c2b_register": (
        lambda: own.register_c2b_url(
            types.C2BRegisterRequest(
                short_code=SHORT_CODE,
                response_type="Completed",
                confirmation_url=url("c2b_simulate"),
                validation_url=url("c2b-v"),
            )
        ),
        None,
    ),
    "c2b_simulate": (
        lambda: own.simulate_c2b(
            types.C2BSimulateRequest(short_code=SHORT_CODE, amount=500, phone_number=PHONE, bill_ref_number="HOUSE-12B")
        ),
        reader.parse_c2b_callback,
    ),
    "b2c": (
        lambda: own.b2c(
            types.B2CRequest(
                amount=250, phone_number=PHONE, command_id="BusinessPayment", remarks="Refund", **urls("b2c")
            )
        ),
        reader.parse_b2c_callback,
    ),
    "b2b_paybill": (
        lambda: own.b2b(
            types.B2BRequest(
                amount=239,
                party_b=OTHER_SHORT_CODE,
                command_id="BusinessPayBill",
                sender_identifier_type="4",
                receiver_identifier_type="4",
                remarks="Stock order",
                account_reference="353353",
                **urls("b2b_paybill"),
            )
        ),
        reader.parse_b2b_callback,
    ),
    "balance": (
        lambda: own.account_balance(types.AccountBalanceRequest(remarks="Balance", **urls("balance"))),
        reader.parse_account_balance_callback,
    ),
    "status": (
        lambda: push.transaction_status(
            types.GeneralTransactionStatusRequest(transaction_id=receipt_of_push(), **urls("status"))
        ),
        reader.parse_transaction_status_callback,
    ),
    "reversal": (
        lambda: push.reversal(types.ReversalRequest(transaction_id=receipt_of_push(), amount=20, **urls("reversal"))),
        reader.parse_reversal_callback,
    ),
    "qr": (
        lambda: own.generate_dynamic_qr(
            types.DynamicQRRequest(
                merchant_name="Duka",
                ref_no="INV1",
                amount=100,
                transaction_type="PB",
                credit_party_identifier=SHORT_CODE,
                size="300",
            )
        ),
        None,
    ),
}
run("token", push._auth.get_access_token)
for name, (call, parse) in operations.items():
    run(name, call, later=name not in {"stk_query", "c2b_register", "qr"}, parse=parse)
finish()
