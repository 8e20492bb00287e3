"""mpesa-sdk: every operation that it has, with Daraja's own field names. Way in: hosts written into its code."""

import mpesa_sdk as sdk
from operations import CONSUMER_KEY, CONSUMER_SECRET, finish, request, run

answer, _ = sdk.oauth_generate_token(CONSUMER_KEY, CONSUMER_SECRET)
client = sdk.Mpesa(answer["access_token"])
calls = {
    "stk_push": client.mpesa_express_payment,
    "c2b_register": client.c2b_register_url,
    "c2b_simulate": client.c2b_simulate_transaction,
    "b2c": client.b2c_payment_request,
    "b2b_paybill": client.b2b_payment_request,
    "balance": client.account_balance_request,
    "status": client.transaction_status_request,
    "reversal": client.reversal_request,
}
run("token", lambda: answer)
for name, call in calls.items():
    run(name, lambda call=call, name=name: call(request(name))[0], later=name != "c2b_register")
run("stk_query", lambda: client.mpesa_express_query(request("stk_query"))[0])
finish()
