#!/usr/bin/env bash
# Finding: django-daraja makes a Kenyan number of any number, so a payout or a prompt goes to a stranger.
#
# Package: django-daraja 1.3.0 (PyPI) with Django 5.2.19, Python 3.11; `requests`, token and certificate of its module
#   are replaced.
# Date: 2026-11-29
# Behaviour: Of whatever is typed the last nine characters are kept, behind 254. A number of Tanzania or Uganda becomes
#   the one of somebody in Kenya; blanks are kept as characters. Nothing is raised.
# Documented: PhoneNumber and PartyB are twelve digits, 2547XXXXXXXX.
# For a merchant: The salary of an employee with a number abroad is paid to a stranger, and a stranger is asked to pay
#   a foreign customer's order. A customer who types blanks gets no prompt.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | +254712345678: prompts 254712345678, pays 254712345678
#   | +255712345678: prompts 254712345678, pays 254712345678
#   | +256712345678: prompts 254712345678, pays 254712345678
#   | 0712 345 678: prompts 2542 345 678, pays 2542 345 678

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  django-daraja==1.3.0 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 python-decouple==3.8 \
  cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 requests==2.34.2 certifi==2026.10.19.post1 \
  charset-normalizer==3.5.3 idna==3.20 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import django
from django.conf import settings

settings.configure(
    USE_TZ=True, INSTALLED_APPS=["django_daraja"], DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MPESA_ENVIRONMENT="sandbox", MPESA_PASSKEY="passkey", MPESA_EXPRESS_SHORTCODE="174379", MPESA_SHORTCODE="600000",
    MPESA_INITIATOR_USERNAME="clerk", MPESA_INITIATOR_SECURITY_CREDENTIAL="password",
)
django.setup()
from django_daraja.mpesa import core

core.mpesa_access_token = lambda: "token"
core.encrypt_security_credential = lambda password: "encrypted"
sent = []


class Accepted:
    def json(self):
        return {"ResponseCode": "0"}


def post(url, json, headers):
    sent.append(json)
    return Accepted()


core.requests.post = post
core.mpesa_response = lambda answer: answer
url = "https://shop.example.co.ke/7f3c"
for typed in ("+254712345678", "+255712345678", "+256712345678", "0712 345 678"):
    core.MpesaClient().stk_push(typed, 350, "ORDER42", "Order 42", url)
    core.MpesaClient().salary_payment(typed, 350, "Salary", url, "October")
    print(f"{typed}: prompts {sent[-2]['PhoneNumber']}, pays {sent[-1]['PartyB']}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
