#!/usr/bin/env bash
# Finding: On the way from JUnit to CTRF the reason of a skipped test and the time of the run are lost.
#
# Package: junit-to-ctrf 0.0.14 (npm), Node 20; its command line.
# Date: 2026-11-29
# Behaviour: A skipped test has a status and no message. start and stop of the run are 0, whatever the timestamp and the
#   time of the suites say.
# Documented: JUnit's <skipped> carries a message, a <testsuite> its timestamp and time. CTRF has message for a test and
#   start and stop, in milliseconds since 1970, for the run.
# For a merchant: "Not tested: no payout was declared" and "waived by the owner" look the same in the report, and a
#   history puts the run on 1 January 1970.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | failed, message "the second order was paid too"
#   | skipped, message undefined
#   | the run: start 0, stop 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts junit-to-ctrf@0.0.14 >&2 || exit 2
cat >"$folder/junit.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0">
<testsuite name="callback" tests="2" failures="1" errors="0" skipped="1" time="1.000" timestamp="2026-11-29T12:00:00+03:00">
<testcase classname="Shop.callback" name="C04 One receipt pays one order" time="1.000"><failure type="must"
message="the second order was paid too">Compare the receipt first.</failure></testcase>
<testcase classname="Shop.callback" name="P06 A queue time-out decides nothing" time="0.000"><skipped
message="not tested: the shop has no payouts"/></testcase>
</testsuite></testsuites>
XML
"$folder/node_modules/.bin/junit-to-ctrf" "$folder/junit.xml" -o "$folder/ctrf.json" >/dev/null
node - "$folder/ctrf.json" >"$folder/seen" <<'JAVASCRIPT'
const { results } = require(process.argv[2])
for (const test of results.tests) console.log(`${test.status}, message ${JSON.stringify(test.message)}`)
console.log(`the run: start ${results.summary.start}, stop ${results.summary.stop}`)
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
