#!/usr/bin/env bash
# Finding: xunitparser cannot read a JUnit report of which two suites have a property of the same name.
#
# Package: xunitparser 1.3.4 (PyPI), Python 3.11; two suites in the form of Maven's Surefire, and Surefire's two files
#   merged by junitparser 5.0.3.
# Date: 2026-11-30
# Behaviour: All suites of a file become one, with one set of properties; a second one of a name fails an assertion
#   without words. The name of the one suite is that of the last, and the tests of all are below it.
# Documented: In JUnit's format the properties belong to the testsuite. Surefire writes the same forty, java.version and
#   the like, into each of its files.
# For a merchant: The report of a Spring shop can be read while it has one test class. From the second on the job that
#   reads it ends in an AssertionError, or, where assertions are off, shows each test below the last class.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | one suite with java.version: tests 1, failures 0, suite CallbackTest
#   | two suites, no properties: tests 2, failures 1, suite PayoutTest
#   | two suites, both with java.version: AssertionError ""
#   | two suites, both with java.version, assertions off: tests 2, failures 1, suite PayoutTest

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps xunitparser==1.3.4 junitparser==5.0.3 >&2 || exit 2
properties='<properties><property name="java.version" value="21.0.4"/></properties>'
suite() {
  echo "<testsuite name=\"$1\" tests=\"1\" errors=\"0\" failures=\"$2\" skipped=\"0\" time=\"0.1\">$3"
  echo "<testcase classname=\"ke.shop.$1\" name=\"$4\" time=\"0.1\">$5</testcase></testsuite>"
}
failure='<failure message="paid twice" type="AssertionFailedError">paid twice</failure>'
suite CallbackTest 0 "$properties" creditsOnce '' >first.xml
suite PayoutTest 1 "$properties" paysOnce "$failure" >second.xml
suite CallbackTest 0 '' creditsOnce '' >first-plain.xml
suite PayoutTest 1 '' paysOnce "$failure" >second-plain.xml
env/bin/junitparser merge first.xml second.xml both.xml
env/bin/junitparser merge first-plain.xml second-plain.xml plain.xml
cat >read.py <<'PYTHON'
import sys

import xunitparser

try:
    with open(sys.argv[1], encoding="utf-8") as file:
        suite, result = xunitparser.parse(file)
    print(f"tests {len(list(suite))}, failures {len(result.failures)}, suite {suite.name}")
except AssertionError as error:
    print(f'{type(error).__name__} "{error}"')
PYTHON
{
  echo "one suite with java.version: $(env/bin/python read.py first.xml)"
  echo "two suites, no properties: $(env/bin/python read.py plain.xml)"
  echo "two suites, both with java.version: $(env/bin/python read.py both.xml)"
  echo "two suites, both with java.version, assertions off: $(env/bin/python -O read.py both.xml)"
} >seen
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
