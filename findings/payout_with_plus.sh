#!/usr/bin/env bash
# Finding: pesa-cli sends each payout to a number with a plus, which is no number of Daraja.
#
# Package: pesa-cli 1.0.3 (PyPI), Python 3.11; its command line, whose PESA_BASE_URL points to a stub of Daraja on
#   127.0.0.1.
# Date: 2026-11-29
# Behaviour: pesa stk push sends 254711000111, pesa b2c sends +254711000111, whatever is typed.
# Documented: PartyB of a payout is 2547xxxxxxxx or 2541xxxxxxxx. Its page shows "pesa b2c 0712345678 1000".
# In doubt: The push refuses a plus with 400.002.02; what the payout answers is in no capture.
# For a merchant: No payout goes out; the refusal names a number that was right as it was typed.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | stk push 0711000111: PhoneNumber '254711000111'
#   | b2c 0711000111: PartyB '+254711000111'
#   | b2c 254711000111: PartyB '+254711000111'

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps pesa-cli==1.0.3 annotated-doc==0.0.7 \
  annotated-types==0.8.0 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 markdown-it-py==4.3.0 mdurl==0.1.2 \
  pydantic==2.14.3 pydantic_core==2.50.4 Pygments==2.21.0 requests==2.34.2 rich==15.0.0 shellingham==1.5.4 \
  typer==0.29.2 typing-inspection==0.4.5 typing_extensions==4.16.0 urllib3==2.8.0 >&2 || exit 2
"$folder/env/bin/python" - "$folder/env/bin/pesa" "$folder/config.json" >"$folder/seen" <<'PYTHON'
import http.server
import json
import os
import subprocess
import sys
import threading


class Stub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(200, {"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        sent.append(body)
        self.answer(200, {"ResponseCode": "0", "ResponseDescription": "Accept the service request successfully.",
                          "CheckoutRequestID": "ws_CO_1", "ConversationID": "AG_20261007_20105f3ac19be27d6041"})

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
pesa, config = sys.argv[1:]
names = ("consumer_key", "consumer_secret", "shortcode", "passkey", "initiator_name", "security_credential")
settings = {f"DARAJA_{name.upper()}": "600992" if name == "shortcode" else name for name in names}
settings |= {"PESA_BASE_URL": f"http://127.0.0.1:{server.server_port}", "PESA_CONFIG": config, "COLUMNS": "120",
             "DARAJA_RESULT_URL": "https://shop.example.co.ke/result", "DARAJA_TIMEOUT_URL": "https://shop.example.co.ke/timeout",
             "DARAJA_CALLBACK_URL": "https://shop.example.co.ke/stk"}


def run(*arguments):
    return subprocess.run([pesa, *arguments], env={**os.environ, **settings}, capture_output=True, text=True, check=False)

sent = []
for arguments, key in ((("stk", "push", "0711000111", "350"), "PhoneNumber"), (("b2c", "0711000111", "250"), "PartyB"),
                       (("b2c", "254711000111", "250"), "PartyB")):
    run(*arguments)
    print(f"{' '.join(arguments[:-1])}: {key} {sent[-1][key]!r}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
