#!/usr/bin/env bash
# Finding: k6-to-junit makes a report of no tests of what k6 prints since its version 1, also where thresholds failed.
#
# Package: k6-to-junit 1.0.3 (npm), Node 18 or newer; its command line reads the end of a run as k6's documentation
#   shows it. k6 itself is not run.
# Date: 2026-11-30
# Behaviour: A line counts if a tick or a cross is followed by a name, dots and a colon, which is how older versions
#   marked a metric. Version 1 has a part THRESHOLDS, where the mark stands before the condition, so no line fits. The
#   exit status is 0 in both cases, although its code has 99 for a failure.
# Documented: Its page: a test case for each threshold in the output. k6's page on the end of a test has the part
#   THRESHOLDS, and a cross before what was not met.
# For a merchant: A check-out that is too slow for payday passes the gate: `k6 run ... | k6-to-junit junit.xml` ends
#   with 0, and the report shows no failure.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | old output: <testsuites tests="2" failures="1">, exit status 0
#   | new output: <testsuites tests="0" failures="0">, exit status 0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts k6-to-junit@1.0.3 >&2 || exit 2
cat >old.txt <<'TEXT'
     script: checkout.js

    ✗ http_req_duration..........: avg=2.1s min=1.2s med=2s max=4.4s p(90)=3.1s p(95)=3.6s
    ✓ http_req_failed............: 0.00%  ✓ 0  ✗ 450
      vus_max....................: 20     min=20 max=20
TEXT
cat >new.txt <<'TEXT'
     script: checkout.js

  █ THRESHOLDS

    http_req_duration
    ✗ 'p(95)<1500' p(95)=3.6s

    http_req_failed
    ✓ 'rate<0.01' rate=0.00%


  █ TOTAL RESULTS

    checks_total.......................: 450     13.1/s
    checks_succeeded...................: 100.00% 450 out of 450
    checks_failed......................: 0.00%   0 out of 450

    ✓ the prompt was sent

    HTTP
    http_req_duration..................: avg=2.1s min=1.2s med=2s max=4.4s p(90)=3.1s p(95)=3.6s
    http_req_failed....................: 0.00%  0 out of 450

    EXECUTION
    vus_max............................: 20     min=20 max=20
TEXT
for version in old new; do
  status=0
  npx --no-install k6-to-junit $version.xml <$version.txt >/dev/null 2>&1 || status=$?
  echo "$version output: $(grep -o '<testsuites[^>]*>' $version.xml | sed 's/ time="[^"]*"//'), exit status $status"
done >seen
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
