#!/usr/bin/env bash
# Finding: django-mpesa-payments keeps the callbacks of successes only, in a table that has columns for failures.
#
# Package: django-mpesa-payments 0.0.4 (PyPI) in Django 5.2.19, Python 3.11; its own view, in-memory SQLite.
# Date: 2026-11-29
# Behaviour: A callback whose ResultCode is not 0 is answered "Success" and dropped. There is no other table: the push
#   leaves no row. A ResultCode "0" as text is dropped like a failure.
# Documented: Its page shows a cancelled payment as the example of a callback; its table has result_code,
#   result_description and a property success.
# For a merchant: A payment that was cancelled, one that has no money behind it and one whose callback was lost all look
#   the same: no row. The order waits for ever, or somebody looks for money that never moved.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 1032 Request Cancelled by user.: 200 Success, rows 0
#   | 1 The balance is insufficient for the transaction.: 200 Success, rows 0
#   | '0' The service request is processed successfully.: 200 Success, rows 0
#   | 0 The service request is processed successfully.: 200 Success, rows 1
#   | kept: result_code 0, success True

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check setuptools==80.9.0 wheel==0.45.1 >&2 || exit 2
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps --no-build-isolation \
  django-mpesa-payments==0.0.4 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 requests==2.34.2 certifi==2026.10.18 \
  charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, INSTALLED_APPS=["mpesa"],
    ROOT_URLCONF="mpesa.urls", ALLOWED_HOSTS=["testserver"], SECRET_KEY="k", LOGGING_CONFIG=None,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.core.management import call_command
from django.test import Client
from mpesa.models import LipaNaMpesaOnlinePayment as Payment

call_command("migrate", run_syncdb=True, verbosity=0)
paid = {"CallbackMetadata": {"Item": [{"Name": "Amount", "Value": 350}, {"Name": "MpesaReceiptNumber", "Value": "UJ7K4T9QWX"},
                                      {"Name": "TransactionDate", "Value": 20261007143521},
                                      {"Name": "PhoneNumber", "Value": 254711000111}]}}
for number, (code, description, more) in enumerate((
    (1032, "Request Cancelled by user.", {}), (1, "The balance is insufficient for the transaction.", {}),
    ("0", "The service request is processed successfully.", paid), (0, "The service request is processed successfully.", paid),
)):
    body = {"Body": {"stkCallback": {"MerchantRequestID": "6a1d-1", "CheckoutRequestID": f"ws_CO_07102026143503{number}711000111",
                                     "ResultCode": code, "ResultDesc": description, **more}}}
    answer = Client().post("/stk-push/callback/", body, content_type="application/json")
    print(f"{code!r} {description}: {answer.status_code} {answer.json()['ResultDesc']}, rows {Payment.objects.count()}")
print(f"kept: result_code {Payment.objects.get().result_code}, success {Payment.objects.get().success}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
