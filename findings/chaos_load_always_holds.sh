#!/usr/bin/env bash
# Finding: A chaos experiment's k6 probe is true whatever k6 says: thresholds missed, script broken, nothing answered.
#
# Package: chaostoolkit-k6 0.3.4 with chaostoolkit-lib 1.44.0 (PyPI), Python 3.11; in the place of k6 a program that
#   notes that it was started and ends with one of k6's exit codes. An experiment is run by chaoslib, as `chaos run`
#   does.
# Date: 2026-11-30
# Behaviour: The probe http and the action stress_endpoint compare the exit code with None before they wait for it, so
#   that true is returned once k6 has ended; run_script returns nothing. The exit code is not looked at again.
# Documented: The probe's own text: it makes sure that the endpoint responds with the expected status code. k6 ends with
#   99 when a threshold was missed, with 107 when the script threw an exception.
# For a merchant: "While the callback host is down the check-out still answers 200" is a hypothesis that cannot fail;
#   the experiment is completed, and deviated is false.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | k6 ends with 0: started, http True, stress_endpoint True
#   | k6 ends with 99: started, http True, stress_endpoint True
#   | k6 ends with 107: started, http True, stress_endpoint True
#   | the experiment while k6 ends with 99: completed, deviated False, steady states met: before True, after True

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps chaostoolkit-k6==0.3.4 \
  chaostoolkit-lib==1.44.0 importlib_metadata==10.2.0 lazy-importer==0.1.0 logzero==1.7.0 python-json-logger==4.2.0 \
  PyYAML==6.0.4 zipp==4.1.2 requests==2.34.2 certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 \
  urllib3==2.8.0 >&2 || exit 2
cd "$folder"
mkdir bin
cat >bin/k6 <<'SH'
#!/bin/sh
echo started >>"$K6_NOTES"
exit "$K6_ENDS_WITH"
SH
chmod +x bin/k6
PATH="$folder/bin:$PATH" K6_NOTES="$folder/notes" env/bin/python -W ignore - >seen 2>said <<'PYTHON' ||
import logging
import os
from pathlib import Path

from chaosk6.actions import stress_endpoint
from chaosk6.probes import http
from chaoslib.experiment import run_experiment

logging.disable()
CHECKOUT = "http://127.0.0.1:9/checkout"
NOTES = Path(os.environ["K6_NOTES"])
for code in ("0", "99", "107"):
    os.environ["K6_ENDS_WITH"] = code
    NOTES.unlink(missing_ok=True)
    probe, action = http(CHECKOUT, status=200, duration="1s"), stress_endpoint(CHECKOUT)
    started = "started" if NOTES.read_text().count("started") == 2 else "not started"
    print(f"k6 ends with {code}: {started}, http {probe}, stress_endpoint {action}")
os.environ["K6_ENDS_WITH"] = "99"
held = {
    "type": "probe", "name": "the check-out answers 200", "tolerance": True,
    "provider": {"type": "python", "module": "chaosk6.probes", "func": "http",
                 "arguments": {"endpoint": CHECKOUT, "status": 200, "duration": "1s"}},
}
journal = run_experiment({
    "version": "1.0.0", "title": "The callback host is down", "description": "Customers can still pay.", "tags": [],
    "steady-state-hypothesis": {"title": "The check-out answers", "probes": [held]},
    "method": [{"type": "action", "name": "load", "provider": {
        "type": "python", "module": "chaosk6.actions", "func": "stress_endpoint",
        "arguments": {"endpoint": CHECKOUT}}}],
    "rollbacks": [],
})
states = journal["steady_states"]
met = {when: states[when]["steady_state_met"] for when in ("before", "after")}
print(f"the experiment while k6 ends with 99: {journal['status']}, deviated {journal['deviated']},"
      f" steady states met: before {met['before']}, after {met['after']}")
PYTHON
  { cat said >&2; exit 1; }
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
