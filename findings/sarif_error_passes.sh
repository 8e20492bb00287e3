#!/usr/bin/env bash
# Finding: On the way from SARIF to JUnit an error becomes a passed test, and an accepted warning a failed one.
#
# Package: sarif-junit 1.1.4 (npm), Node 18 or newer; its command line.
# Date: 2026-11-30
# Behaviour: Only the property level of a result is read. A result without it passes, also when its rule says error; one
#   with an accepted suppression fails. The failures carry no message, and the words of a result are its test's name.
# Documented: SARIF 2.1.0, 3.27.10: a result without level has that of its rule's defaultConfiguration, else warning.
#   3.27.23: one that has an accepted suppression is suppressed.
# For a merchant: What must not go live passes the gate; what the team has accepted, in writing, holds it up.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | LOST-CALLBACK, an error by its rule: passed
#   | NO-LIMIT, a warning by default: passed
#   | ONE-RECEIPT, an error by its own level: failed, message undefined
#   | OLD-ZONE, a warning, accepted: failed, message undefined
#   | tests 4, failures 2

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts sarif-junit@1.1.4 >&2 || exit 2
cat >"$folder/found.sarif" <<'JSON'
{"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [{"tool": {"driver":
{"name": "reviewer", "rules": [{"id": "LOST-CALLBACK", "defaultConfiguration": {"level": "error"}},
{"id": "NO-LIMIT"}, {"id": "ONE-RECEIPT"}, {"id": "OLD-ZONE"}]}}, "results": [
{"ruleId": "LOST-CALLBACK", "ruleIndex": 0, "message": {"text": "a lost callback is never looked up"}, "locations":
 [{"physicalLocation": {"artifactLocation": {"uri": "shop/pay.py"}, "region": {"startLine": 4}}}]},
{"ruleId": "NO-LIMIT", "ruleIndex": 1, "message": {"text": "the amount has no upper limit"}, "locations":
 [{"physicalLocation": {"artifactLocation": {"uri": "shop/pay.py"}, "region": {"startLine": 9}}}]},
{"ruleId": "ONE-RECEIPT", "ruleIndex": 2, "level": "error", "message": {"text": "one receipt pays two orders"},
 "locations": [{"physicalLocation": {"artifactLocation": {"uri": "shop/pay.py"}, "region": {"startLine": 20}}}]},
{"ruleId": "OLD-ZONE", "ruleIndex": 3, "level": "warning", "message": {"text": "the time is UTC"}, "suppressions":
 [{"kind": "external", "status": "accepted", "justification": "the server is in Nairobi"}], "locations":
 [{"physicalLocation": {"artifactLocation": {"uri": "shop/time.py"}, "region": {"startLine": 2}}}]}]}]}
JSON
"$folder/node_modules/.bin/sarif-junit" -i "$folder/found.sarif" -o "$folder/junit.xml" >/dev/null
python3 - "$folder/junit.xml" >"$folder/seen" <<'PYTHON'
import sys
from xml.etree import ElementTree

about = {
    "LOST-CALLBACK": "an error by its rule", "NO-LIMIT": "a warning by default",
    "ONE-RECEIPT": "an error by its own level", "OLD-ZONE": "a warning, accepted",
}
root = ElementTree.parse(sys.argv[1]).getroot()
for case in root.iter("testcase"):
    failure = case.find("failure")
    said = "passed" if failure is None else f"failed, message {failure.get('message') or failure.text or 'undefined'}"
    print(f"{case.get('classname')}, {about[case.get('classname')]}: {said}")
print(f"tests {root.get('tests')}, failures {root.get('failures')}")
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
