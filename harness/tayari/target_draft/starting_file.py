"""The target file that `tayari init` writes where it recognises nothing, and the parts that every proposal has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCHEMA_FILE: Final = "tayari.schema.json"
"""Written beside it, so that an editor needs no network to complete and check the file."""

FIRST_LINE: Final = "# yaml-language-server: $schema=tayari.schema.json"

_MERCHANT: Final = f"""\
{FIRST_LINE}
# How Tayari reaches and drives your merchant. `tayari docs target-file` describes every key.
# A value `env:NAME` is read from the environment variable NAME. `tayari doctor` checks this file on real traffic.

merchant:
  name: my-shop
  base_url: http://127.0.0.1:8000

  # Optional: let Tayari start your merchant, pointed at the fake Daraja. Otherwise start it yourself with its
  # Daraja base URL set to http://127.0.0.1:9310.
  # start:
  #   command: "flask --app shop run -p 8000"
  #   ready: /health                             # a path that answers below 500 once the merchant serves
  #   env: {{MPESA_BASE_URL: "{{daraja_url}}", MPESA_KEY: "{{consumer_key}}", MPESA_SECRET: "{{consumer_secret}}"}}
  #   intercept: auto                            # if Safaricom's hosts are in its code: no base URL is needed

  # The request that your own checkout page sends when a customer pays.
  pay:
    request: "POST /api/pay"
    json: {{phone: "{{msisdn}}", amount: "{{amount}}", reference: "{{reference}}"}}   # or form: {{...}}
    payment_id: $.id             # where the payment's identifier is in the answer
    message: $.message           # what the customer is told

  # Where the state of a payment can be read, and your words for the states.
  status:
    request: "GET /api/payments/{{payment_id}}"
    state: $.status
    message: $.message
    receipt: $.receipt
    # credited: $.credited       # shillings credited for this payment, or true/false
    states:
      paid: [PAID]
      failed: [FAILED, CANCELLED]
      pending: [PENDING]
      # review: [REVIEW]         # a person decides, nothing is credited

"""

OPTIONAL_KEYS: Final[Mapping[str, str]] = {
    "": """\
  # Optional, and each lets more rules be judged.
  # ledger: {request: "GET /api/ledger?reference={reference}", credits: $.credits, total: $.total}
  # audit: {request: "GET /api/payments/{payment_id}/messages", messages: $.messages}
  # promises: {reconcile_within_s: 60, queries_per_minute: 5}
""",
    "payout": """\
  # A merchant that pays somebody (B2C). One that only pays out has this in place of pay and status.
  # payout:
  #   request: "POST /api/payouts"
  #   json: {phone: "{msisdn}", amount: "{amount}", reference: "{reference}"}     # B2B: {party_b} for {msisdn}
  #   payout_id: $.id
  #   status: {request: "GET /api/payouts/{payout_id}", state: $.status, states: {paid: [PAID], failed: [FAILED]}}
  #   alerts: {request: "GET /api/alerts", texts: "$.alerts[*]"}     # where staff read what needs a person
  #   balance: {request: "GET /api/balance", utility: $.utility, refresh: {request: "POST /api/balance"}}
  #   wallet: {request: "GET /api/wallets/{msisdn}", available: $.available}
""",
    "c2b": """\
  # Customers who pay your pay bill themselves (C2B).
  # c2b:
  #   register: {request: POST /api/c2b/register}        # left out: the merchant registers its URLs when it starts
  #   open_account: {request: POST /api/accounts, json: {amount: "{amount}"}, account: $.account}
  #   account: {request: "GET /api/accounts/{account}", credits: $.payments, total: $.total}
  #   unallocated: {request: GET /api/unallocated, texts: "$.payments[*].receipt"}
  #   statement: {request: "GET /api/accounts/{account}", texts: "$.payments[*].receipt"}
""",
    "refund": """\
  # A merchant that gives payments back (reversal).
  # refund:
  #   request: "POST /api/payments/{payment_id}/refund"
  #   refund_id: $.id
  #   status: {request: "GET /api/refunds/{refund_id}", state: $.status, states: {paid: [REFUNDED], failed: [FAILED]}}
""",
    "login": """\
  # login:
  #   - {request: "POST /login", form: {user: qa, password: "env:SHOP_PASSWORD"}, save: {token: $.token}}
  # headers: {Authorization: "Bearer {token}"}
""",
}
"""By the key of the draft that proposes them: what is proposed is not shown as an example beside it."""

_ACCOUNT_AND_CALLBACKS: Final = """\

# The Daraja account that your merchant uses. Left out: the public sandbox short code and passkey, any key pair.
# daraja:
#   short_code: "174379"
#   passkey: env:MPESA_PASSKEY
#   consumer_key: env:MPESA_CONSUMER_KEY
#   consumer_secret: env:MPESA_CONSUMER_SECRET
#   Further short codes with balances and API users; 600000 to 600999 with testapi need no entry.
#   organisations:
#     - {short_code: "512345", utility: 5000, initiators: [{name: payroll, password: "env:PAYROLL_PASSWORD"}]}

callbacks:
  # The header in which your merchant, or the proxy before it, sees the caller's address: it carries one of Safaricom's.
  # Keep it where your merchant looks at no address, too: then Tayari sees that it does not (C08).
  source_header: X-Forwarded-For
  # Needed when the callback URL that your merchant sends leads nowhere from here.
  # rewrite: {"https://shop.example": "http://127.0.0.1:8000"}
"""

THRESHOLDS: Final = """\

# What a load run must keep.
# thresholds: {payment_p95_s: 10, success_rate: 0.95, failure_rate: 0.05, concurrent_users: 50}
"""

STARTING_FILE: Final = _MERCHANT + "".join(OPTIONAL_KEYS.values()) + _ACCOUNT_AND_CALLBACKS + THRESHOLDS
