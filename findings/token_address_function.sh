#!/usr/bin/env bash
# Finding: The address of the token is made from a function, not from what it returns, so no call can work.
#
# Package: dj-mpesa-payment 1.0.0 (PyPI) with Django 5.2.19, Python 3.11.
# Date: 2026-11-29
# Behaviour: get_access_token passes the function that reads MPESA_BASE_URL instead of calling it. The address begins
#   with the text of the function, and requests refuses it.
# Documented: GET /oauth/v1/generate at the base URL, which the setting names.
# For a merchant: The class of payments asks for a token when its view is loaded; the program does not start.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | setting: http://127.0.0.1:9
#   | get_access_token: InvalidURL, Failed to parse: Host '<function mpesa_base_url

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  dj-mpesa-payment==1.0.0 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 phonenumbers==9.0.43 requests==2.34.2 \
  certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from django.conf import settings

settings.configure(MPESA_BASE_URL="http://127.0.0.1:9", MPESA_CONSUMER_KEY="key", MPESA_CONSUMER_SECRET="secret")

from mpayments.lipa_na_mpesa import utils

print("setting:", utils.mpesa_base_url())
try:
    utils.get_access_token()
except Exception as error:
    print(f"get_access_token: {type(error).__name__},", str(error).partition(" at ")[0])
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
