#!/usr/bin/env bash
# Finding: Merged CTRF reports of two shops have the facts of one: a failed test stands below the words "ready".
#
# Package: ctrf 0.3.0 (npm), Node 18 or newer; its command `ctrf merge`.
# Date: 2026-11-30
# Behaviour: The tests of both files are put together and counted. tool, environment and extra are those of the first
#   file by name, the others' are dropped; the tests say nowhere whose they are, and two of one name stay two.
# Documented: CTRF keeps what is of the whole run in environment and extra. The command's help: merge CTRF reports into
#   a single report.
# For a merchant: Which of the shops pays twice cannot be told, and a step that reads the verdict of the merged report
#   reads that of another shop.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | tests 3, failed 1
#   | verdict ready, appName kiosk
#   | passed: C04 One receipt pays one order
#   | failed: C04 One receipt pays one order
#   | passed: C06 The amount is compared
#   | named in the report: kiosk yes, bookshop no

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts ctrf@0.3.0 >&2 || exit 2
mkdir "$folder/reports"
cat >"$folder/reports/a.json" <<'JSON'
{"reportFormat": "CTRF", "specVersion": "0.0.0", "results": {"tool": {"name": "judge"}, "summary": {"tests": 1,
 "passed": 1, "failed": 0, "pending": 0, "skipped": 0, "other": 0, "start": 1780000000000, "stop": 1780000030000},
 "tests": [{"name": "C04 One receipt pays one order", "status": "passed", "duration": 5}],
 "environment": {"appName": "kiosk"}, "extra": {"verdict": "ready"}}}
JSON
cat >"$folder/reports/b.json" <<'JSON'
{"reportFormat": "CTRF", "specVersion": "0.0.0", "results": {"tool": {"name": "judge"}, "summary": {"tests": 2,
 "passed": 1, "failed": 1, "pending": 0, "skipped": 0, "other": 0, "start": 1780000000000, "stop": 1780000040000},
 "tests": [{"name": "C04 One receipt pays one order", "status": "failed", "duration": 5, "message": "paid twice"},
  {"name": "C06 The amount is compared", "status": "passed", "duration": 5}],
 "environment": {"appName": "bookshop"}, "extra": {"verdict": "not ready"}}}
JSON
"$folder/node_modules/.bin/ctrf" merge "$folder/reports" --output ../merged.json >/dev/null 2>&1
node - "$folder/merged.json" >"$folder/seen" <<'JAVASCRIPT'
const report = require(process.argv[2])
const { summary, tests, environment, extra } = report.results
const named = (name) => JSON.stringify(report).includes(name) ? 'yes' : 'no'
console.log(`tests ${summary.tests}, failed ${summary.failed}`)
console.log(`verdict ${extra.verdict}, appName ${environment.appName}`)
for (const test of tests) console.log(`${test.status}: ${test.name}`)
console.log(`named in the report: kiosk ${named('kiosk')}, bookshop ${named('bookshop')}`)
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
