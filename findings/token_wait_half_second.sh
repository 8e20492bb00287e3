#!/usr/bin/env bash
# Finding: mainfinity-django-mpesa refuses customers who wait half a second for a token that another request fetches.
#
# Package: mainfinity-django-mpesa 0.1.1 (PyPI), Python 3.11; a stub of Daraja on 127.0.0.1, which takes two seconds to
#   give a token. The constant with the sandbox's address is replaced.
# Date: 2026-11-29
# Behaviour: One request fetches the token under a lock. The others look for it five times in half a second, and raise.
# Documented: Nothing is said of how fast a token comes; the package's own time-out for a call is 30 seconds.
# For a merchant: Once an hour, and after each start, all customers but one are refused when the gateway is slow.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | five at once, token after 0.0 s: 5 got it
#   | five at once, token after 2.0 s: 1 got it, 4 DarajaAuthError: Token fetch lock timeout

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps \
  mainfinity-django-mpesa==0.1.1 Django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 \
  djangorestframework==3.16.1 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 \
  idna==3.20 urllib3==2.8.0 pytz==2026.6 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" 2>/dev/null <<'PYTHON'
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings

settings.configure(MPESA={"CONSUMER_KEY": "key", "CONSUMER_SECRET": "secret", "SHORTCODE": "174379"})
from django.core.cache import cache
from django_mpesa.client.auth import TokenManager
from django_mpesa.conf import BASE_URLS

takes_s = 0.0


class Stub(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(takes_s)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": "0123456789abcdefghijABCDEFGH", "expires_in": "3599"}).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
threading.Thread(target=server.serve_forever, daemon=True).start()
BASE_URLS["sandbox"] = f"http://127.0.0.1:{server.server_port}"


def customer(_):
    try:
        TokenManager().get_token()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).partition(':')[0]}"
    return "got it"


TokenManager().get_token()  # the first call of a process imports and connects
for takes_s in (0.0, 2.0):
    cache.clear()
    with ThreadPoolExecutor(5) as pool:
        seen = Counter(pool.map(customer, range(5)))
    print(f"five at once, token after {takes_s} s: " + ", ".join(f"{n} {what}" for what, n in sorted(seen.items(), reverse=True)))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
