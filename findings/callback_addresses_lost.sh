#!/usr/bin/env bash
# Finding: mainfinity-django-mpesa refuses callbacks from three of Safaricom's published addresses by default.
#
# Package: mainfinity-django-mpesa 0.1.1 (PyPI), Python 3.11.
# Date: 2026-11-29
# Behaviour: The check of the source address is on by default. Its list lacks three published addresses.
# Documented: The published list has twelve addresses. Calls from 196.201.212.69 and 196.201.212.138 were seen in
#   2026.
# For a merchant: Real callbacks are answered 403 and Daraja does not repeat them: paid orders stay open until
#   somebody queries.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | missing: ['196.201.212.138', '196.201.212.69', '196.201.212.74']

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mainfinity-django-mpesa==0.1.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 \
  djangorestframework==3.16.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 \
  idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
from django.conf import settings

settings.configure()

from django_mpesa.conf import SAFARICOM_IP_ALLOWLIST

PUBLISHED = ["196.201.214." + end for end in ("200", "206", "207", "208")]
PUBLISHED += ["196.201.213." + end for end in ("44", "114")]
PUBLISHED += ["196.201.212." + end for end in ("69", "74", "127", "129", "136", "138")]
print("missing:", sorted(set(PUBLISHED) - set(SAFARICOM_IP_ALLOWLIST)))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
