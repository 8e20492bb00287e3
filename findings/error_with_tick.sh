#!/usr/bin/env bash
# Finding: One reader of JUnit puts a tick before a test that ended in an error, another does not list it.
#
# Package: junit-cli-report-viewer 3.0.0 (npm), junit-to-md-py 2.1.1 with lxml 6.1.3 (PyPI), Node 18 or newer, Python
#   3.11; their command lines.
# Date: 2026-11-30
# Behaviour: A <testcase> with <error> is printed like one that passed, without the message; only a <failure> is marked.
#   The suite above it is marked as failed, and the line of failed tests counts the failure alone. junit-to-md-py lists
#   failures, under the heading of another trade, and prints an empty line where all ended in errors. The exit status of
#   both is always 0.
# Documented: In JUnit's format <error> is a test that could not be carried out, and the attribute errors counts them
#   beside failures. The pages of the packages call their output a report of the file.
# For a merchant: "The shop never answered" has a tick, or is not there. Who reads the list believes that it was tested.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | > Total number of failed tests: 1
#   | FAIL callback (7.500)
#   | ✔ C01 A paid payment is credited once (1.500)
#   | ✖ C04 One receipt pays one order (2.000)
#   | the second order was paid too
#   | ✔ C05 A callback can come late (4.000)
#   | exit status 0
#   | junit-to-md-py, a failure and an error: - callback/C04 One receipt pays one order
#   | junit-to-md-py, errors alone: ""

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts junit-cli-report-viewer@3.0.0 >&2 ||
  exit 2
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps junit-to-md-py==2.1.1 lxml==6.1.3 >&2 || exit 2
cat >"$folder/junit.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="Shop" tests="3" failures="1" errors="1" time="7.500">
<testsuite name="callback" tests="3" failures="1" errors="1" skipped="0" time="7.500">
<testcase classname="Shop.callback" name="C01 A paid payment is credited once" time="1.500"/>
<testcase classname="Shop.callback" name="C04 One receipt pays one order" time="2.000"><failure type="must"
message="the second order was paid too">Compare the receipt first.</failure></testcase>
<testcase classname="Shop.callback" name="C05 A callback can come late" time="4.000"><error type="unknown"
message="the shop never answered">Start it again.</error></testcase>
</testsuite></testsuites>
XML
status=0
NO_COLOR=1 FORCE_COLOR=0 "$folder/node_modules/.bin/junit-cli-report-viewer" "$folder/junit.xml" >"$folder/all" ||
  status=$?
{
  sed -E 's/\x1b\[[0-9;]*m//g; s/^\s+//; s/\s+$//; s/:\s+/: /' "$folder/all" |
    grep -E '^(> Total number of failed|FAIL|PASS|✔|✖|the )'
  echo "exit status $status"
  echo "junit-to-md-py, a failure and an error: $("$folder/env/bin/junit-to-md-py" "$folder/junit.xml" | grep '^- ')"
  grep -v 'C04\|the second order' "$folder/junit.xml" | sed 's/tests="3" failures="1"/tests="2" failures="0"/' \
    >"$folder/errors.xml"
  echo "junit-to-md-py, errors alone: \"$("$folder/env/bin/junit-to-md-py" "$folder/errors.xml")\""
} >"$folder/seen"
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
