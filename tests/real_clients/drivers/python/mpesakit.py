"""mpesakit: every operation that it has. Way in: the public attribute `base_url` of its HTTP client."""

from mpesakit import MpesaClient
from mpesakit.b2c.schemas import B2CCommandIDType
from mpesakit.mpesa_ratiba.schemas import FrequencyEnum, ReceiverPartyIdentifierTypeEnum, TransactionTypeEnum
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

client = MpesaClient(consumer_key=CONSUMER_KEY, consumer_secret=CONSUMER_SECRET, environment="sandbox")
client.http_client.base_url = DARAJA_URL
own, other = int(SHORT_CODE), int(OTHER_SHORT_CODE)


def urls(name: str) -> dict[str, str]:
    return {"result_url": url(name), "queue_timeout_url": url(f"{name}-timeout")}


def queried(answer):
    return {"result_code": answer.ResultCode, "successful": answer.is_successful()}


run("token", client.token_manager.get_token)
run(
    "stk_push",
    lambda: client.stk_push(
        business_short_code=174379,
        passkey=PASSKEY,
        transaction_type="CustomerPayBillOnline",
        amount=20,
        party_a=PHONE,
        party_b="174379",
        phone_number=PHONE,
        callback_url=url("stk_push"),
        account_reference="OPS",
        transaction_desc="x",
    ),
    later=True,
    parse=client.process_stk_callback,
)
run(
    "stk_query",
    lambda: queried(
        client.stk_query(business_short_code=174379, passkey=PASSKEY, checkout_request_id=checkout_of_push())
    ),
)
run(
    "c2b_register",
    lambda: client.c2b.register_url(
        short_code=own, response_type="Completed", confirmation_url=url("c2b"), validation_url=url("c2b-v")
    ),
)
run(
    "b2c",
    lambda: client.b2c.send_payment(
        originator_conversation_id="mpesakit-1",
        initiator_name=INITIATOR,
        security_credential=CREDENTIAL,
        command_id=B2CCommandIDType.BusinessPayment,
        amount=250,
        party_a=SHORT_CODE,
        party_b=PHONE,
        remarks="Refund",
        occasion="Refund",
        **urls("b2c"),
    ),
    later=True,
    parse=client.process_b2c_callback,
)
for name, call in (("b2b_paybill", client.b2b.paybill), ("b2b_buygoods", client.b2b.buygoods)):
    run(
        name,
        lambda call=call, name=name: call(
            initiator=INITIATOR,
            security_credential=CREDENTIAL,
            amount=239,
            party_a=own,
            party_b=other,
            account_reference="353353",
            requester=PHONE,
            remarks="Stock order",
            **urls(name),
        ),
        later=True,
        parse=client.process_b2b_callback,
    )
run(
    "b2b_topup",
    lambda: client.b2c.account_topup(
        initiator=INITIATOR,
        security_credential=CREDENTIAL,
        amount=239,
        party_a=SHORT_CODE,
        party_b=OTHER_SHORT_CODE,
        account_reference="353353",
        requester=PHONE,
        remarks="Top up",
        **urls("b2b_topup"),
    ),
    later=True,
)
run(
    "tax",
    lambda: client.tax.remittance(
        initiator=INITIATOR,
        security_credential=CREDENTIAL,
        amount=239,
        party_a=own,
        remarks="Tax",
        account_reference="353353",
        **urls("tax"),
    ),
    later=True,
    parse=client.process_tax_remittance_callback,
)
run(
    "balance",
    lambda: client.balance.query(
        initiator=INITIATOR,
        security_credential=CREDENTIAL,
        command_id="AccountBalance",
        party_a=own,
        identifier_type=4,
        remarks="Balance",
        **urls("balance"),
    ),
    later=True,
    parse=client.process_account_balance_callback,
)
run(
    "status",
    lambda: client.transactions.query_status(
        initiator=INITIATOR,
        security_credential=CREDENTIAL,
        transaction_id=receipt_of_push(),
        party_a=174379,
        identifier_type=4,
        remarks="Status",
        occasion="OK",
        **urls("status"),
    ),
    later=True,
    parse=client.process_transactions_callback,
)
run(
    "reversal",
    lambda: client.reversal.reverse(
        initiator=INITIATOR,
        security_credential=CREDENTIAL,
        transaction_id=receipt_of_push(),
        amount=20,
        receiver_party=174379,
        remarks="Reverse",
        **urls("reversal"),
    ),
    later=True,
    parse=client.process_reversal_callback,
)
run(
    "qr",
    lambda: client.dynamic_qr.generate(
        merchant_name="Duka", ref_no="INV1", amount=100, trx_code="PB", cpi=SHORT_CODE, size="300"
    ),
)
run(
    "b2b_express",
    lambda: client.b2b.express_checkout(
        primary_short_code=SHORT_CODE,
        receiver_short_code=OTHER_SHORT_CODE,
        amount=100,
        payment_ref="INV1",
        callback_url=url("b2b_express"),
        partner_name="Vendor",
        request_ref_id="b2b-express-1",
    ),
    later=True,
)
run(
    "ratiba",
    lambda: client.ratiba.create_standing_order(
        standing_order_name="Rent",
        start_date="20261201",
        end_date="20271201",
        business_short_code=SHORT_CODE,
        transaction_type=TransactionTypeEnum.STANDING_ORDER_CUSTOMER_PAY_BILL,
        receiver_party_identifier_type=ReceiverPartyIdentifierTypeEnum.BUSINESS_SHORT_CODE,
        amount="100",
        party_a=PHONE,
        callback_url=url("ratiba"),
        account_reference="Rent",
        transaction_desc="Rent",
        frequency=FrequencyEnum.MONTHLY,
    ),
    later=True,
    parse=client.process_ratiba_service_callback,
)
opted = run(
    "bill_opt_in",
    lambda: client.bill.opt_in(
        shortcode=own,
        email="a@example.com",
        official_contact=PHONE,
        send_reminders=1,
        logo=None,
        callback_url=url("bill"),
    ),
)
invoice = {
    "external_reference": "INV-1",
    "billed_full_name": "Amina Wanjiru",
    "billed_phone_number": PHONE,
    "billed_period": "October 2026",
    "invoice_name": "Rent",
    "due_date": "2026-12-01",
    "account_reference": "A1",
    "amount": 800,
}
client.bill.bill_manager.app_key = opted["app_key"]
run("bill_invoice", lambda: client.bill.send_single_invoice(**invoice))
run("bill_cancel", lambda: client.bill.cancel_single_invoice(external_reference="INV-1"))
finish()
