#!/usr/bin/env bash
# Finding: The limit of failed tests does not count when junit2html writes the page that it is there to write.
#
# Package: junit2html 31.1.4 with jinja2 3.1.6 (PyPI), Python 3.11; its command line.
# Date: 2026-11-30
# Behaviour: `junit2html junit.xml page.html --max-failures 1` ends with 0 whatever has failed; so does --max-skipped.
#   The limits count only beside --summary-matrix and --report-matrix; then the number of failed tests is the status.
# Documented: Its help: exit non-zero if so many test cases or more are failures, no effect with --merge. Nothing is
#   said of the ordinary call.
# For a merchant: The step that makes the page was also to be the gate. It is green with failed payments.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | a page, limit of 1 failure: exit status 0
#   | a page, limit of 1 skipped test: exit status 0
#   | a matrix, limit of 1 failure: exit status 2
#   | a matrix, limit of 1 skipped test: exit status 1

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps junit2html==31.1.4 jinja2==3.1.6 \
  markupsafe==3.0.3 >&2 || exit 2
cat >"$folder/junit.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="Shop" tests="3" failures="2" errors="0" time="3.500">
<testsuite name="callback" tests="3" failures="2" errors="0" skipped="1" time="3.500">
<testcase classname="Shop.callback" name="C04 One receipt pays one order" time="2.000"><failure type="must"
message="the second order was paid too">Compare the receipt first.</failure></testcase>
<testcase classname="Shop.callback" name="C06 The amount is compared" time="1.500"><failure type="must"
message="1 shilling paid an order of 1,000">Compare the amount.</failure></testcase>
<testcase classname="Shop.payout" name="P06 A queue time-out decides nothing" time="0.000"><skipped
message="not tested: the shop has no payouts"/></testcase>
</testsuite></testsuites>
XML
told() {
  local name=$1 status=0
  shift
  "$folder/env/bin/junit2html" "$folder/junit.xml" "$@" >/dev/null 2>&1 || status=$?
  echo "$name: exit status $status"
}
{
  told "a page, limit of 1 failure" "$folder/page.html" --max-failures 1
  told "a page, limit of 1 skipped test" "$folder/page.html" --max-skipped 1
  told "a matrix, limit of 1 failure" --summary-matrix --max-failures 1
  told "a matrix, limit of 1 skipped test" --summary-matrix --max-skipped 1
} >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
