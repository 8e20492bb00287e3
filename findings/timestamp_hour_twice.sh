#!/usr/bin/env bash
# Finding: A client's Timestamp has the twelve-hour hour in the place of the minutes.
#
# Package: django-mpesa 2.0.14 (PyPI), Python 3.11; `requests` and the clock of its module are replaced.
# Date: 2026-11-29
# Behaviour: The time is written with the format "%Y%m%d%H%I%S": year, month, day, hour, hour of twelve, seconds.
# Documented: YYYYMMDDHHmmss.
# For a merchant: The password is made from the same text, so that pushes are taken today; they depend on a check of
#   the time that Daraja does not make, and no log of theirs shows the minute.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | at 14:35:03: 20261007140203
#   | at 14:59:03: 20261007140203

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  django-mpesa==2.0.14 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 djangorestframework==3.18.3 \
  requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - 2>"$folder/errors" <<'PYTHON' | grep '^at ' >"$folder/seen"
import datetime
import types

from django.conf import settings

settings.configure(
    USE_TZ=True, INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mpesa"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MPESA_CONFIG={"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "HOST_NAME": "https://shop.example.co.ke",
                  "PASS_KEY": "passkey", "SHORT_CODE": "174379", "TRANSACTION_TYPE": "CustomerPayBillOnline"})
import django

django.setup()
from mpesa import LipaNaMpesaOnline as client

clock = [None]
real = datetime.datetime
client.datetime = types.SimpleNamespace(datetime=types.SimpleNamespace(now=lambda: clock[0]))
client.get_token = lambda: "token"


class Told(Exception):
    pass


def post(url, json, headers):
    raise Told(json["Timestamp"])


client.requests = types.SimpleNamespace(post=post)
for minute in (35, 59):
    clock[0] = real(2026, 10, 7, 14, minute, 3)
    try:
        client.sendSTK("254711000111", 350, account_number="ORDER42")
    except Told as told:
        print(f"at {clock[0]:%H:%M:%S}: {told}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
