#!/usr/bin/env bash
# Finding: Three readers find no test in PHPUnit's report, and no failure; a fourth counts the failures and shows none.
#
# Package: test-results-parser 0.4.6, junitxml-to-javascript 1.1.4 (npm), xunitparser 1.3.4, junit-html-report-generator
#   1.2.0 (PyPI), Node 18 or newer, Python 3.11; a report in the form of PHPUnit 10, and the same tests without nesting.
# Date: 2026-11-30
# Behaviour: They read the tests that are directly in a suite directly below the root. PHPUnit has one suite for its
#   settings file, in it one for each group, in it one for each class, and no counts at the root.
# Documented: A testsuite of JUnit's format can hold testsuites; PHPUnit's always do. Jenkins and GitLab read them.
# For a merchant: Tests of a WooCommerce or Laravel shop that fail are reported as none: the message to the team says
#   skipped, or nothing, and a job that trusts the count is green.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | flat, test-results-parser: tests 3, failures 1, status FAIL
#   | flat, junitxml-to-javascript: tests 3, failures 1
#   | flat, xunitparser: tests 3, failures 1
#   | flat, junit-html-report-generator: tests 3, failures 1, listed 3
#   | nested, test-results-parser: tests 0, failures 0, status SKIP
#   | nested, junitxml-to-javascript: tests 0, failures 0
#   | nested, xunitparser: tests 0, failures 0
#   | nested, junit-html-report-generator: tests 3, failures 1, listed 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  test-results-parser@0.4.6 junitxml-to-javascript@1.1.4 >&2 || exit 2
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps xunitparser==1.3.4 \
  junit-html-report-generator==1.2.0 jinja2==3.1.6 markupsafe==3.0.3 >&2 || exit 2
cat >tests.txt <<'XML'
<testcase name="test_success_is_paid" class="Tests\CallbackTest" classname="Tests.CallbackTest" time="0.102"/>
<testcase name="test_one_receipt_one_order" class="Tests\CallbackTest" classname="Tests.CallbackTest" time="0.103">
<failure type="PHPUnit\Framework\ExpectationFailedException">Failed asserting that 2 is 1.</failure></testcase>
<testcase name="test_late_failure" class="Tests\CallbackTest" classname="Tests.CallbackTest" time="0.104"/>
XML
counts='tests="3" assertions="4" errors="0" failures="1" skipped="0" time="0.309"'
{
  echo "<testsuites><testsuite name=\"Tests\CallbackTest\" $counts>"
  cat tests.txt
  echo '</testsuite></testsuites>'
} >flat.xml
{
  echo '<?xml version="1.0" encoding="UTF-8"?><testsuites>'
  echo "<testsuite name=\"/shop/phpunit.xml\" $counts><testsuite name=\"unit\" $counts>"
  echo "<testsuite name=\"Tests\CallbackTest\" file=\"/shop/tests/CallbackTest.php\" $counts>"
  cat tests.txt
  echo '</testsuite></testsuite></testsuite></testsuites>'
} >nested.xml
for form in flat nested; do
  node - "$form" <<'JAVASCRIPT'
const form = process.argv[2]
const { parse } = require('test-results-parser')
const Parser = require('junitxml-to-javascript')
const read = parse({ type: 'junit', files: [`${form}.xml`] })
console.log(`${form}, test-results-parser: tests ${read.total}, failures ${read.failed}, status ${read.status}`)
new Parser().parseXMLFile(`${form}.xml`).then(({ testsuites }) => {
  const sum = (name) => testsuites.reduce((all, suite) => all + suite[name], 0)
  console.log(`${form}, junitxml-to-javascript: tests ${sum('tests')}, failures ${sum('errors')}`)
})
JAVASCRIPT
  env/bin/python - "$form" <<'PYTHON'
import sys

import xunitparser
from junit_html_report_generator.parser import parse_junit_xml

form = sys.argv[1]
with open(f"{form}.xml", encoding="utf-8") as file:
    tests, result = xunitparser.parse(file)
print(f"{form}, xunitparser: tests {len(list(tests))}, failures {len(result.failures)}")
page = parse_junit_xml(f"{form}.xml")
print(f"{form}, junit-html-report-generator: tests {page['summary']['total']}, failures {page['summary']['failed']},"
      f" listed {len(page['test_cases'])}")
PYTHON
done >seen
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
