#!/usr/bin/env bash
# Finding: A customer's payment to the pay bill is not stored where Safaricom masks or hashes the number.
#
# Package: mpesa-api 0.2.3 (PyPI) with Django 5.2.19 and celery 5.5.3, Python 3.11; its own view, task and tables,
#   in-memory SQLite. Its tasks run at once (CELERY_TASK_ALWAYS_EAGER).
# Date: 2026-11-29
# Behaviour: The task makes a whole number of MSISDN before it stores anything, outside of what it catches. The view has
#   answered 200.
# Documented: MSISDN of a C2B confirmation is masked in the sandbox, and a SHA-256 in production.
# For a merchant: Every payment by pay bill is taken and acknowledged, and no account is credited.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | full number: answered 200, 1 stored
#   | masked number: answered 200, 0 stored
#   | hashed number: answered 200, 0 stored

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mpesa-api==0.2.3 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 djangorestframework==3.16.1 celery==5.5.3 \
  kombu==5.7.0 vine==5.1.0 amqp==5.4.2 billiard==4.3.2 click==8.5.1 click-didyoumean==0.3.1 \
  click-plugins==1.1.1.2 click-repl==0.4.1 prompt_toolkit==3.0.53 wcwidth==0.9.4 python-dateutil==4.0.0 \
  six==1.17.0 tzdata==2026.6 packaging==26.4 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 \
  idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import warnings

import django
from django.conf import settings

warnings.simplefilter("ignore")
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mpesa_api.core"], ALLOWED_HOSTS=["*"],
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="k", LOGGING_CONFIG=None,
)
django.setup()

from django.core.management import call_command

call_command("migrate", verbosity=0)

from hashlib import sha256

from celery import Celery
from django.test import RequestFactory
from mpesa_api.core.models import C2BRequest
from mpesa_api.core.views import C2bConfirmation

app = Celery("shop")
app.conf.task_always_eager = True
app.set_default()

CONFIRMATION = {"TransactionType": "Pay Bill", "TransTime": "20261007143000", "TransAmount": "250.00",
                "BusinessShortCode": "600984", "BillRefNumber": "FLAT7", "InvoiceNumber": "",
                "OrgAccountBalance": "10116.00", "ThirdPartyTransID": "", "FirstName": "JANE"}
NUMBERS = {"full": "254711000111", "masked": "2547 ***** 111", "hashed": sha256(b"254711000111").hexdigest()}

for place, (form, number) in enumerate(NUMBERS.items()):
    before = C2BRequest.objects.count()
    message = {**CONFIRMATION, "TransID": f"UJ74B7XW{place}K", "MSISDN": number}
    request = RequestFactory().post("/c2b/confirmation", message, content_type="application/json")
    answer = C2bConfirmation.as_view()(request)
    print(f"{form} number: answered {answer.status_code}, {C2BRequest.objects.count() - before} stored")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
