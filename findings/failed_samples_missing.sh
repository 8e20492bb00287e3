#!/usr/bin/env bash
# Finding: What a Locust user calls failed, and what was never answered, is not in the file for JMeter's readers at all.
#
# Package: locust-jtl-logger 0.0.2 with Locust 2.47.0 (PyPI), Python 3.11; a shop on 127.0.0.1, and a Locust user that
#   judges some answers itself, as Locust's page shows it. JMeter is not run.
# Date: 2026-11-30
# Behaviour: The logger asks the answer for its attribute ok. Of an answer that the user has marked as failed, and of a
#   connection that was refused, this raises; Locust notes it as an error of an event handler, and no row is written.
# Documented: A JTL file has a row for each sample, and success false for one that failed; reports, and the limits of CI
#   servers, count them.
# For a merchant: Locust says that four check-outs of five failed; the report that is made of the same run has two, one
#   failed. If all fail by their words, "M-Pesa is not available", it has no failure.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | Locust: 5 requests, 4 failures
#   | row: POST /sent, responseCode 200, success True
#   | row: POST /crash, responseCode 500, success False
#   | no row: POST /busy marked as failed by its words
#   | no row: POST /crash marked as failed by its status
#   | no row: POST /sent to a port where nobody listens

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps locust-jtl-logger==0.0.2 locust==2.47.0 \
  bidict==0.24.1 blinker==1.9.0 brotli==1.2.1 certifi==2026.10.18 charset-normalizer==3.5.2 click==8.5.1 \
  ConfigArgParse==1.9.0 Flask==3.1.3 flask-cors==6.0.5 Flask-Login==0.6.3 gevent==26.9.0 geventhttpclient==2.6.1 \
  greenlet==3.5.6 h11==0.16.0 idna==3.20 iniconfig==2.3.1 itsdangerous==2.2.0 Jinja2==3.1.6 MarkupSafe==3.0.3 \
  msgpack==1.2.4 packaging==26.4 pluggy==1.7.0 psutil==7.2.2 Pygments==2.21.0 pytest==9.2.0 python-engineio==4.15.1 \
  python-socketio==5.18.1 pyzmq==27.3.0 requests==2.34.2 simple-websocket==1.1.0 typing_extensions==4.16.0 \
  urllib3==2.8.0 websocket-client==1.9.2 Werkzeug==3.1.9 wsproto==1.3.2 zope.event==6.2 zope.interface==8.7 >&2 ||
  exit 2
cd "$folder"
env/bin/python -W ignore - >seen 2>said <<'PYTHON' || { cat said >&2; exit 1; }
from locust import HttpUser
from locust.env import Environment
from locust_jtl_logger import LocustJTLLogger  # these first: Locust replaces parts of the standard library

import csv
import http.server
import socket
import threading

ANSWERS = {"/sent": (200, "Check your phone"), "/busy": (200, "M-Pesa is not available"), "/crash": (500, "Oops")}


class Shop(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, words = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words.encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
threading.Thread(target=server.serve_forever, daemon=True).start()


class Customer(HttpUser):
    host = f"http://127.0.0.1:{server.server_port}"

    def order(self, path, name):
        with self.client.post(path, json={"phone": "254711000111"}, name=name, catch_response=True) as answer:
            if answer.status_code >= 500:
                answer.failure(str(answer.status_code))
            elif "Check your phone" not in answer.text:
                answer.failure("not available")


locust = Environment(user_classes=[Customer])
locust.create_local_runner()
LocustJTLLogger(locust, filename="jtl.csv")
locust.events.test_start.fire(environment=locust)
customer = Customer(locust)
unused = socket.create_server(("127.0.0.1", 0))
nobody = f"http://127.0.0.1:{unused.getsockname()[1]}/sent"
unused.close()
order = {"phone": "254711000111"}
customer.client.post("/sent", json=order, name="/sent")
customer.client.post("/crash", json=order, name="/crash")
customer.order("/busy", "/busy marked as failed by its words")
customer.order("/crash", "/crash marked as failed by its status")
customer.client.post(nobody, json=order, name="/sent to a port where nobody listens")
locust.events.test_stop.fire(environment=locust)
total = locust.stats.total
print(f"Locust: {total.num_requests} requests, {total.num_failures} failures")
with open("jtl.csv", encoding="utf-8", newline="") as file:
    rows = {row["label"]: row for row in csv.DictReader(file)}
for name, method in locust.stats.entries:
    row = rows.get(f"{method} {name}")
    if row:
        print(f"row: {row['label']}, responseCode {row['responseCode']}, success {row['success']}")
    else:
        print(f"no row: {method} {name}")
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
