#!/usr/bin/env bash
# Finding: In merged JUnit reports the failure of one shop can stand below the host name of another.
#
# Package: junit-report-merger 9.0.4, junit-merge 2.0.0 (npm), Node 18 or newer; junitparser 5.0.3, junit2html 31.1.4
#   (PyPI), Python 3.11; their commands that merge.
# Date: 2026-11-30
# Behaviour: junit-report-merger makes one suite of two with the same name and keeps one hostname, that of
#   the file that was read first, which is not always the first of the command. The other three keep two suites;
#   junit2html drops the hostname. None keeps the name of <testsuites>.
# Documented: In JUnit's format hostname is the host on which the tests of the suite ran; <testsuites> has a name. The
#   page of junit-report-merger: it collects all <testsuite> elements and puts them together.
# For a merchant: A team that tests two shops in one pipeline repairs the wrong one.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | written: name kiosk: passed on kiosk
#   | written: name bookshop: failed on bookshop
#   | junit-report-merger: name None: both tests on one host, which is kiosk or bookshop
#   | junit-merge: name None: passed on kiosk, failed on bookshop
#   | junitparser: name None: passed on kiosk, failed on bookshop
#   | junit2html: name None: passed on None, failed on None

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps junitparser==5.0.3 junit2html==31.1.4 jinja2==3.1.6 \
  markupsafe==3.0.3 >&2 || exit 2
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts junit-report-merger@9.0.4 junit-merge@2.0.0 >&2 || exit 2
report() {
  cat <<XML
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="$1" tests="1" failures="$2" errors="0" time="1.000">
<testsuite name="callback" tests="1" failures="$2" errors="0" skipped="0" time="1.000" hostname="$1">
<testcase classname="Shop.callback" name="C04 One receipt pays one order" time="1.000">$3</testcase>
</testsuite></testsuites>
XML
}
report kiosk 0 "" >kiosk.xml
report bookshop 1 '<failure type="must" message="paid twice">Compare the receipt first.</failure>' >bookshop.xml
node_modules/.bin/junit-report-merger junit-report-merger.xml kiosk.xml bookshop.xml >/dev/null
node_modules/.bin/junit-merge -o junit-merge.xml kiosk.xml bookshop.xml >/dev/null
env/bin/junitparser merge kiosk.xml bookshop.xml junitparser.xml >/dev/null
env/bin/junit2html --merge junit2html.xml kiosk.xml bookshop.xml >/dev/null
python3 - >seen <<'PYTHON'
from xml.etree import ElementTree

for told, file in (("written", "kiosk"), ("written", "bookshop"), *((name, name) for name in (
        "junit-report-merger", "junit-merge", "junitparser", "junit2html"))):
    root = ElementTree.parse(f"{file}.xml").getroot()
    tests = [("passed" if case.find("failure") is None else "failed") + f" on {suite.get('hostname')}"
             for suite in root.iter("testsuite") for case in suite.iter("testcase")]
    hosts = {suite.get("hostname") for suite in root.iter("testsuite")}
    if len(tests) == 2 and len(hosts) == 1 and hosts <= {"kiosk", "bookshop"}:
        tests = ["both tests on one host, which is kiosk or bookshop"]
    print(f"{told}: name {root.get('name')}: {', '.join(tests)}")
PYTHON
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
