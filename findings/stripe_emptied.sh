#!/usr/bin/env bash
# Finding: Installing pesa-gateway takes the library of Stripe away from the shop.
#
# Package: pesa-gateway 0.0.16 with stripe 12.5.2 (PyPI), Python 3.11; nothing is sent.
# Date: 2026-11-29
# Behaviour: It requires stripe, and has a folder stripe of its own with an empty __init__.py, which is laid over the
#   library's. pip says nothing and finds nothing broken. The name of its page, pesa_gateway, cannot be imported.
# Documented: Its page: "from pesa_gateway import MPesaClient".
# For a merchant: From the day on which M-Pesa is added no customer can pay by card.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | stripe alone: StripeClient True, PaymentIntent True
#   | pip install: 0
#   | with pesa-gateway: StripeClient False, PaymentIntent False
#   | pesa_gateway: No module named 'pesa_gateway'
#   | files of both: stripe/__init__.py

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
install() { "$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps "$@" >&2; }
look() {
  "$folder/env/bin/python" -c 'import stripe, sys
print(sys.argv[1] + ":", "StripeClient", str(hasattr(stripe, "StripeClient")) + ",", "PaymentIntent", hasattr(stripe, "PaymentIntent"))' "$1"
}
install stripe==12.5.2 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0 \
  typing_extensions==4.16.0 phonenumbers==9.0.43 python-dotenv==1.2.4 || exit 2
{
  look "stripe alone"
  install pesa-gateway==0.0.16 || exit 2
  echo "pip install: $?"
  look "with pesa-gateway"
  "$folder/env/bin/python" - <<'PYTHON'
from importlib import metadata

try:
    import pesa_gateway
except ModuleNotFoundError as error:
    print("pesa_gateway:", error)
both = {str(one) for one in metadata.files("stripe")} & {str(one) for one in metadata.files("pesa-gateway")}
print("files of both:", *sorted(one for one in both if one.endswith(".py")))
PYTHON
} >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
