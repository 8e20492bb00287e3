#!/usr/bin/env bash
# Finding: pesa stk query ends with 0 for a payment that was cancelled, failed, or is unknown.
#
# Package: pesa-cli 1.0.3 (PyPI), Python 3.11; its command line, whose PESA_BASE_URL points to a stub of Daraja on
#   127.0.0.1.
# Date: 2026-11-29
# Behaviour: Only a missing setting or a lost connection ends with 1. Any answer of Daraja ends with 0; for an error the
#   words are "Unknown" and the code "?".
# Documented: Its page: no prompts, as "that would break scripting"; "Add `--output json` flag if scripting against
#   pesa-cli output is needed". There is no such flag. pesa stk push ends with 1 when it is refused.
# For a merchant: In a script, `pesa stk query ID && deliver` delivers the goods of every order whose customer pressed
#   Cancel.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | 0 The service request is processed successfully.: exit status 0
#   | 1032 Request Cancelled by user.: exit status 0
#   | 4999 The transaction is still under processing: exit status 0
#   | error The transaction does not Exist: exit status 0
#   | 0 with --output json: exit status 2
#   | a push that is refused: exit status 1

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

        if "stkpush/" in self.path:
            self.answer(400, {"requestId": "", "errorCode": "400.002.02", "errorMessage": "Bad Request - Invalid Amount"})
        elif body["CheckoutRequestID"] == "error":
            self.answer(500, {"requestId": "", "errorCode": "500.001.1001", "errorMessage": results["error"]})
        else:
            code = body["CheckoutRequestID"]
            self.answer(200, {"ResponseCode": "0", "ResponseDescription": "The service request has been accepted successsfully",
                              "MerchantRequestID": "6a1d-1", "CheckoutRequestID": code, "ResultCode": code,
                              "ResultDesc": results[code]})

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

results = {"0": "The service request is processed successfully.", "1032": "Request Cancelled by user.",
           "4999": "The transaction is still under processing", "error": "The transaction does not Exist"}
for code, words in results.items():
    print(f"{code} {words}: exit status {run('stk', 'query', code).returncode}")
print("0 with --output json: exit status", run("stk", "query", "0", "--output", "json").returncode)
print("a push that is refused: exit status", run("stk", "push", "0711000111", "350").returncode)
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
