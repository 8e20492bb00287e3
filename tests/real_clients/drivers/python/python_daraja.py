"""python-daraja: every operation that it has. Way in: hosts written into each function."""

from operations import CONSUMER_KEY, CONSUMER_SECRET, PASSKEY, PHONE, PUSH_CODE, finish, request, run, url
from python_daraja import payment

payment.CONSUMER_KEY = CONSUMER_KEY
payment.CONSUMER_SECRET = CONSUMER_SECRET
payment.PASSKEY = PASSKEY
payment.SHORT_CODE = PUSH_CODE
payment.ACCOUNT_TYPE = "PAYBILL"

run("token", payment._get_access_token)
run("stk_push", lambda: payment.trigger_stk_push(int(PHONE), 20, url("stk_push"), "OPS", "x"), later=True)
run("stk_query", lambda: payment.query_stk_push("ws_CO_071020261435032708374149"))
run("c2b_register", lambda: payment.register_urls(url("c2b_simulate"), url("c2b-v"), "Completed"))
run("c2b_simulate", lambda: payment.c2b_transaction(request("c2b_simulate")["Amount"], PHONE), later=True)
finish()
