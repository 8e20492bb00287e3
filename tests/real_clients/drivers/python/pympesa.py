"""pympesa: every operation that it has, with Daraja's own field names. Way in: hosts written into its code."""

import pympesa
from operations import CONSUMER_KEY, CONSUMER_SECRET, finish, request, run

token = pympesa.oauth_generate_token(CONSUMER_KEY, CONSUMER_SECRET, env="sandbox").json()
client = pympesa.Pympesa(token["access_token"], env="sandbox")
calls = {
    "stk_push": client.lipa_na_mpesa_online_payment,
    "c2b_register": client.c2b_register_url,
    "c2b_simulate": client.c2b_simulate_transaction,
    "b2c": client.b2c_payment_request,
    "b2b_paybill": client.b2b_payment_request,
    "balance": client.account_balance_request,
    "status": client.transation_status_request,
    "reversal": client.reversal_request,
}
run("token", lambda: token)
for name, call in calls.items():
    run(name, lambda call=call, name=name: call(**request(name)), later=name != "c2b_register")
run("stk_query", lambda: client.lipa_na_mpesa_online_query(**request("stk_query")))
finish()
