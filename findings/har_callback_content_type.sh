#!/usr/bin/env bash
# Finding: A recorded callback of Safaricom is replayed without its Content-Type, so that the shop does not read it.
#
# Package: har2requests 0.2.3 with black 26.10.1 (PyPI), Python 3.11; the code that it writes is run against a stub on
#   127.0.0.1.
# Date: 2026-11-29
# Behaviour: The header Content-Type is left out of the code. For the media type application/json, exactly, `json=`
#   brings it back; with a charset the body becomes `data=` with a text, and no Content-Type is sent.
# Documented: Callbacks carry application/json;charset=UTF-8. Its page: "Generate Python Requests code from HAR file".
# For a merchant: The replay of a callback that worked in production fails in the test: frameworks parse JSON by the
#   header, and the shop answers 400 or 415 to what Safaricom never sent.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | recorded with application/json: arrives with application/json
#   | recorded with application/json;charset=UTF-8: arrives with None
#   | the bodies are equal: True True

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps har2requests==0.2.3 black==26.10.1 click==8.5.1 \
  mypy_extensions==1.2.0 packaging==26.4 pathspec==1.1.1 platformdirs==4.14.8 python-dateutil==2.9.0.post0 \
  pytokens==0.4.1 six==1.17.0 tqdm==4.70.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 \
  urllib3==2.8.0 >&2 || exit 2
PATH="$folder/env/bin:$PATH" python - "$folder/recorded.har" >"$folder/seen" <<'PYTHON'
import http.server
import json
import subprocess
import sys
import threading

arrived = []


class Shop(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        arrived.append((self.headers["Content-Type"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
threading.Thread(target=server.serve_forever, daemon=True).start()
callback = {"Body": {"stkCallback": {"MerchantRequestID": "6a1d-4f02-b7c8-2e9d40f1a35c51204417",
            "CheckoutRequestID": "ws_CO_071020261435032708374149", "ResultCode": 1032, "ResultDesc": "Request Cancelled by user."}}}
text = json.dumps(callback)
kinds = ("application/json", "application/json;charset=UTF-8")


def entry(kind):
    request = {"method": "POST", "url": f"http://127.0.0.1:{server.server_port}/stk", "httpVersion": "HTTP/1.1", "cookies": [],
               "headers": [{"name": "Content-Type", "value": kind}], "queryString": [], "headersSize": -1, "bodySize": len(text),
               "postData": {"mimeType": kind, "text": text}}
    response = {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "redirectURL": "",
                "content": {"size": 0, "mimeType": "application/json", "text": ""}, "headersSize": -1, "bodySize": 0}
    return {"startedDateTime": "2026-10-07T14:35:21.000+03:00", "time": 15, "request": request, "response": response,
            "cache": {}, "timings": {"send": 0, "wait": 15, "receive": 0}}


recorded = sys.argv[1]
with open(recorded, "w", encoding="utf-8") as file:
    json.dump({"log": {"version": "1.2", "creator": {"name": "recorder", "version": "1"}, "entries": [entry(kind) for kind in kinds]}}, file)
code = subprocess.run(["har2requests", recorded], capture_output=True, text=True, check=True).stdout
exec(code)
for kind, (sent, _) in zip(kinds, arrived):
    print(f"recorded with {kind}: arrives with {sent}")
print("the bodies are equal:", *(body == callback for _, body in arrived))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
