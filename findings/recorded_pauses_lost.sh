#!/usr/bin/env bash
# Finding: Converters from HAR to a load test leave out the pauses: six looks at a payment in 30 s become one burst.
#
# Package: har-to-k6 0.14.16 (npm), Node 18 or newer; har2locust 0.9.4 with jinja2 3.1.6 and ruff 0.17.6 (PyPI),
#   Python 3.11; the code that they write is read, not run.
# Date: 2026-11-30
# Behaviour: Seven calls that were recorded five seconds apart follow each other at once. har-to-k6 adds one second
#   after the last; the class of har2locust has no wait_time.
# Documented: HAR has startedDateTime for each request, to the millisecond. Their pages: convert a recording of a
#   browser session to a script for k6, to a locustfile.
# For a merchant: The page of a customer who waits asks the shop every five seconds. The load test asks as fast as the
#   shop answers, so its figures are of traffic that never comes.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | recorded: 7 calls, 30 s from the first to the last
#   | har-to-k6: 7 calls, pauses between them: 0, after the last: 1
#   | har2locust: 7 calls, pauses: 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps har2locust==0.9.4 jinja2==3.1.6 \
  markupsafe==3.0.4 ruff==0.17.6 configargparse==1.9.0 >&2 || exit 2
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts har-to-k6@0.14.16 >&2 || exit 2
python3 - <<'PYTHON'
import json
from datetime import datetime, timedelta
from pathlib import Path

start = datetime.fromisoformat("2026-10-07T14:35:21.000+03:00")


def entry(number):
    post = number == 0
    request = {"method": "POST" if post else "GET", "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [],
               "url": f"http://127.0.0.1:8000/{'pay' if post else 'orders/42'}", "headers": [], "headersSize": -1,
               "bodySize": 0}
    if post:
        request["headers"] = [{"name": "Content-Type", "value": "application/json"}]
        request["postData"] = {"mimeType": "application/json", "text": '{"order": 42, "phone": "254711000111"}'}
    response = {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                "content": {"size": 2, "mimeType": "application/json", "text": "{}"}, "redirectURL": "",
                "headersSize": -1, "bodySize": 2}
    return {"startedDateTime": (start + timedelta(seconds=5 * number)).isoformat(timespec="milliseconds"), "time": 40,
            "request": request, "response": response, "cache": {}, "timings": {"send": 0, "wait": 40, "receive": 0}}


log = {"version": "1.2", "creator": {"name": "recorder", "version": "1"}, "pages": [],
       "entries": [entry(number) for number in range(7)]}
Path("shop.har").write_text(json.dumps({"log": log}), encoding="utf-8")
PYTHON
node_modules/.bin/har-to-k6 shop.har -o shop.js >/dev/null 2>&1
PATH="$folder/env/bin:$PATH" har2locust shop.har >shop.py 2>errors || { cat errors >&2; exit 1; }
python3 - >seen <<'PYTHON'
import re
from pathlib import Path

print("recorded: 7 calls, 30 s from the first to the last")
marks = re.findall(r"http\.(?:get|post)\(|sleep\(", Path("shop.js").read_text(encoding="utf-8"))
calls = [place for place, mark in enumerate(marks) if mark != "sleep("]
between = sum(mark == "sleep(" for mark in marks[calls[0]:calls[-1]])
print(f"har-to-k6: {len(calls)} calls, pauses between them: {between}, after the last: {len(marks) - calls[-1] - 1}")
code = Path("shop.py").read_text(encoding="utf-8")
calls = re.findall(r"self\.(?:rest|client\.\w+)\(", code)
print(f"har2locust: {len(calls)} calls, pauses: {len(re.findall('wait_time|sleep', code))}")
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
