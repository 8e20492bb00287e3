#!/usr/bin/env bash
# Finding: Results of payouts that went through are dropped, those of failures are kept.
#
# Package: mpesa-api 0.2.3 (PyPI) with Django 5.2.19 and celery 5.5.3, Python 3.11; its own task and tables, in-memory
#   SQLite.
# Date: 2026-11-29
# Behaviour: The item B2CUtilityAccountAvailableFunds meets a misspelt name in the task. The error is caught and
#   nothing is said. Without that item, and for a failure, which has no items, the result is stored.
# Documented: Each successful B2C result has B2CUtilityAccountAvailableFunds.
# For a merchant: No payout ever has a result, except those that failed. Whoever pays again what has none pays twice.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | success as documented: 0 stored
#   | success without the utility account: 1 stored
#   | failure 2001: 1 stored

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
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mpesa_api.core"],
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="k", LOGGING_CONFIG=None,
)
django.setup()

from django.core.management import call_command

call_command("migrate", verbosity=0)

from mpesa_api.core.models import B2CResponse
from mpesa_api.core.tasks import process_b2c_result_response_task

UTILITY = "B2CUtilityAccountAvailableFunds"
ITEMS = {"TransactionAmount": 250, "TransactionReceipt": "UJ74B7XW2K", "B2CRecipientIsRegisteredCustomer": "Y",
         "B2CChargesPaidAccountAvailableFunds": -1540.00, "ReceiverPartyPublicName": "254711000111 - JANE DOE",
         "TransactionCompletedDateTime": "07.10.2026 14:30:00", UTILITY: 10116.00,
         "B2CWorkingAccountAvailableFunds": 900000.00}


def stored(code, description, items):
    before = B2CResponse.objects.count()
    result = {"ResultType": 0, "ResultCode": code, "ResultDesc": description,
              "OriginatorConversationID": "payout-000017-3f9c", "ConversationID": "AG_20261007_20105f3ac19be27d6040",
              "TransactionID": "UJ74B7XW2K"}
    if items:
        result["ResultParameters"] = {"ResultParameter": [{"Key": key, "Value": value} for key, value in items.items()]}
    process_b2c_result_response_task({"Result": result})
    return f"{B2CResponse.objects.count() - before} stored"


DONE = "The service request is processed successfully."
print("success as documented:", stored(0, DONE, ITEMS))
print("success without the utility account:",
      stored(0, DONE, {key: value for key, value in ITEMS.items() if key != UTILITY}))
print("failure 2001:", stored(2001, "The initiator information is invalid.", {}))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
