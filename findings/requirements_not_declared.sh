#!/usr/bin/env bash
# Finding: Seven packages do not import after `pip install`: what they call Daraja with is not declared.
#
# Package: aiompesa 0.0.4, daraja-gateway 0.1.0, mpesa-c2b-sdk 0.1.1, mpesa-payments 1.0.1, mpesarest 0.0.9,
#   flask-mpesa 1.2.8, fastapimpesa 0.0.1 (PyPI), Python 3.11; each in an environment of its own, with what it requires.
# Date: 2026-11-29
# Behaviour: The import of the client ends in ModuleNotFoundError.
# Documented: Their pages say `pip install` and then the import.
# For a merchant: It works on the machine that has the library by chance, and not in the new container.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | aiompesa: aiohttp
#   | daraja-gateway: dotenv
#   | mpesa-c2b-sdk: dotenv
#   | mpesa-payments: requests
#   | mpesarest: requests
#   | flask-mpesa: requests
#   | fastapimpesa: pydantic_settings

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

while read -r package module; do
  python3 -m venv "$folder/$package"
  "$folder/$package/bin/pip" install -qq --disable-pip-version-check "$package" >&2 || exit 2
  "$folder/$package/bin/python" - "${package%%=*}" "$module" >>"$folder/seen" <<'PYTHON'
import importlib
import sys

name, module = sys.argv[1:]
try:
    importlib.import_module(module)
    print(name + ": imported")
except ModuleNotFoundError as error:
    print(name + ":", error.name)
PYTHON
done <<'PACKAGES'
aiompesa==0.0.4 aiompesa
daraja-gateway==0.1.0 daraja_gateway.client
mpesa-c2b-sdk==0.1.1 mpesa_c2b_sdk.config
mpesa-payments==1.0.1 mpesa_payments.mpesa_payments
mpesarest==0.0.9 MpesaRest.mpesarest
flask-mpesa==1.2.8 flask_mpesa.api.auth
fastapimpesa==0.0.1 fastapiMpesa
PACKAGES
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
