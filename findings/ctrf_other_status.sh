#!/usr/bin/env bash
# Finding: github-actions-ctrf ends with 0 and lists a test of the status "other" as skipped, without its message.
#
# Package: github-actions-ctrf 0.0.58 (npm), Node 18 or newer; variables of GitHub's runner are set, nothing is sent.
# Date: 2026-11-29
# Behaviour: With --exit-on-fail, a report in which the only trouble has the status "other" ends with 0. The summary
#   says "No failed tests", lists the test in the table of skipped tests, and shows its message nowhere.
# Documented: CTRF's status is one of passed, failed, skipped, pending, other; a test may carry a message.
# For a merchant: A check that could not be judged (a strained merchant, an error of the tool) passes the gate, and
#   nobody reads why.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | exit status 0
#   | 2 | 1 | 0 | 0 | 0 | 1 | 0
#   | No failed tests
#   | skipped: Q04 could not be judged
#   | the message is shown 0 times

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund github-actions-ctrf@0.0.58 >&2 || exit 2
cat >ctrf.json <<'JSON'
{"reportFormat": "CTRF", "specVersion": "0.0.0", "results": {"tool": {"name": "judge"},
 "summary": {"tests": 2, "passed": 1, "failed": 0, "pending": 0, "skipped": 0, "other": 1, "start": 1, "stop": 2},
 "tests": [{"name": "C01 credited once", "status": "passed", "duration": 5},
           {"name": "Q04 could not be judged", "status": "other", "duration": 5,
            "message": "the merchant never answered"}]}}
JSON
export GITHUB_STEP_SUMMARY="$folder/summary.md" GITHUB_REPOSITORY=owner/shop GITHUB_SHA=abc GITHUB_REF=refs/heads/main
export GITHUB_RUN_ID=1 GITHUB_RUN_NUMBER=1 GITHUB_WORKFLOW=gate GITHUB_JOB=gate GITHUB_ACTOR=somebody
export GITHUB_EVENT_NAME=push GITHUB_SERVER_URL=https://github.com GITHUB_API_URL=http://127.0.0.1:9
: >summary.md
status=0
npx --no-install github-actions-ctrf ctrf.json --exit-on-fail >/dev/null 2>&1 || status=$?
python3 - "$status" >seen <<'PYTHON'
import re
import sys
from pathlib import Path

text = re.sub("<[^>]*>", "", Path("summary.md").read_text(encoding="utf-8"))
print("exit status", sys.argv[1])
print(re.search(r"\| (2 \| 1 \| [\d| ]*\d) \|", text)[1])
print(re.search(r"No failed tests", text)[0])
skipped = text.split("### Skipped")[1].split("###")[0]
print("skipped:", re.search(r"Q04 could not be judged", skipped)[0])
print("the message is shown", text.count("the merchant never answered"), "times")
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
