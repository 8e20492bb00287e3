#!/usr/bin/env bash
# Finding: A JUnit report whose only trouble is an error becomes an empty page, and one with failures hides its errors.
#
# Package: junit-to-md-py 2.1.1 with lxml 6.1.3 (PyPI), Python 3.11; its command line.
# Date: 2026-11-29
# Behaviour: Only <failure> is looked for. A test case with <error> is left out; the exit status is 0.
# Documented: JUnit has <failure> for an assertion and <error> for a test that could not be finished; both fail the
#   test. The page of the package says "Converts JUnit XML report to markdown format".
# For a merchant: A check that could not be judged, as when the shop stops answering, is not in the comment that the
#   team reads.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | error alone: 0 lines, exit status 0
#   | failure and error:
#   |   ### Detected Vulnerabilities:
#   |   - callback/C04 One receipt pays one order
#   |   the second order was paid too

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps junit-to-md-py==2.1.1 lxml==6.1.3 >&2 || exit 2
report() {
  cat <<XML
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="$1" errors="1"><testsuite name="callback" tests="2" failures="$1" errors="1" skipped="0">
<testcase classname="Shop.callback" name="C04 One receipt pays one order" time="1.000">$2</testcase>
<testcase classname="Shop.callback" name="C06 The amount paid is compared" time="1.250"><error type="unknown"
message="the shop did not answer">the shop did not answer</error></testcase></testsuite></testsuites>
XML
}
report 0 "" >"$folder/alone.xml"
report 1 '<failure type="must" message="the second order was paid too">the second order was paid too</failure>' >"$folder/both.xml"
show() { "$folder/env/bin/junit-to-md-py" "$folder/$1.xml" | sed '/^ *$/d; /^```/d'; }
{
  lines=$(show alone | wc -l)
  echo "error alone: $lines lines, exit status $?"
  echo "failure and error:"
  show both | sed 's/^/  /'
} >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 || { echo "The output has changed (< noted, > now)." >&2; exit 1; }
