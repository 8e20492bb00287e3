#!/usr/bin/env bash
# Finding: Four of five clients cannot take a phone number from the field that Django shops ask for it with.
#
# Package: django-phonenumber-field 9.0.0 with phonenumbers 9.0.43; django-daraja 1.3.0, daraja-sdk 0.1.0,
#   mainfinity-django-mpesa 0.1.1, paylod 0.10.1, daraja-v3 0.2.1 (PyPI), Django 5.2.19, Python 3.11; their own
#   normalisers, nothing is sent.
# Date: 2026-11-30
# Behaviour: A valid form gives a PhoneNumber, whose text is +254711000111. Three of the four are made for Django. Two
#   raise TypeError, and paylod says that a phone number is missing.
# Documented: The field validates and stores phone numbers; its value is a PhoneNumber. A push wants 254711000111.
# For a merchant: Each customer's push ends in an error, also with a number that the shop has just found right, until
#   somebody writes str() around it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | the form: valid, PhoneNumber, +254711000111
#   | django-daraja: TypeError; of its text 254711000111
#   | daraja-sdk: TypeError; of its text 254711000111
#   | mainfinity-django-mpesa: DarajaValidationError; of its text 254711000111
#   | paylod: PaylodInvalidRequestError, phone is required; of its text 254711000111
#   | daraja-v3: 254711000111; of its text 254711000111

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  django-phonenumber-field==9.0.0 phonenumbers==9.0.43 django-daraja==1.3.0 daraja-sdk==0.1.0 \
  mainfinity-django-mpesa==0.1.1 paylod==0.10.1 daraja-v3==0.2.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 \
  djangorestframework==3.16.1 python-decouple==3.8 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 requests==2.34.2 \
  urllib3==2.8.0 idna==3.20 certifi==2026.10.18 charset-normalizer==3.5.2 httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 \
  anyio==4.16.0 typing_extensions==4.16.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import importlib

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django_daraja"], PHONENUMBER_DEFAULT_REGION="KE",
    LOGGING_CONFIG=None, DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MPESA={"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "SHORTCODE": "174379"},
)
django.setup()

from django import forms
from phonenumber_field.formfields import PhoneNumberField

NORMALISERS = (
    ("django-daraja", "django_daraja.mpesa.utils", "format_phone_number"),
    ("daraja-sdk", "daraja_sdk.utils", "normalize_phone"),
    ("mainfinity-django-mpesa", "django_mpesa.validators", "validate_phone_number"),
    ("paylod", "paylod.phone", "normalize_phone"),
    ("daraja-v3", "mpesa.validators", "phone"),
)


class Checkout(forms.Form):
    phone = PhoneNumberField()


def told(normalise, number):
    try:
        return str(normalise(number))
    except Exception as error:
        words = str(error)
        return type(error).__name__ + (f", {words}" if words == "phone is required" else "")


form = Checkout({"phone": "0711 000 111"})
print("the form:", "valid" if form.is_valid() else form.errors, end=", ")
number = form.cleaned_data["phone"]
print(f"{type(number).__name__}, {number}")
for name, module, function in NORMALISERS:
    normalise = getattr(importlib.import_module(module), function)
    print(f"{name}: {told(normalise, number)}; of its text {told(normalise, str(number))}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
