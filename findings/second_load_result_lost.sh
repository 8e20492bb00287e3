#!/usr/bin/env bash
# Finding: Of several result files of a load test only the first is judged; the others are read and thrown away.
#
# Package: performance-results-parser 0.0.10 (npm), Node 18 or newer; result tables in the form that JMeter's Aggregate
#   Report saves. JMeter itself is not run.
# Date: 2026-11-30
# Behaviour: The results of all files are made into one by taking the first. Status, samples and transactions are the
#   first file's. With a pattern the order of the names decides.
# Documented: Its page: metrics are aggregated across several result files, and limits applied to them.
# For a merchant: The browsing passes, the check-out of the same night does not: the report has the browsing, and PASS.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | browse.csv: PASS, samples 1000, errors 0 %, p95 350 ms
#   | checkout.csv: FAIL, samples 400, errors 42 %, p95 9350 ms
#   | browse.csv and checkout.csv: PASS, samples 1000, errors 0 %, p95 350 ms
#   | checkout.csv and browse.csv: FAIL, samples 400, errors 42 %, p95 9350 ms
#   | *.csv: PASS, samples 1000, errors 0 %, p95 350 ms

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts performance-results-parser@0.0.10 >&2 ||
  exit 2
head='Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Max,Error %,Throughput,Received KB/sec,Sent KB/sec'
for row in 'browse,1000,210,200,300,350,400,90,600,0.000%' 'checkout,400,5210,5200,9000,9350,9400,90,9600,42.000%'; do
  name=${row%%,*}
  printf '%s\n%s,50.0,20.0,15.0\nTOTAL,%s,50.0,20.0,15.0\n' "$head" "$row" "${row#*,}" >"$name.csv"
done
node - >seen <<'JAVASCRIPT'
const { parse } = require('performance-results-parser')
const thresholds = [{ metric: 'Errors', checks: ['rate<1'] }, { metric: 'Duration', checks: ['p95<2000'] }]
for (const files of [['browse.csv'], ['checkout.csv'], ['browse.csv', 'checkout.csv'], ['checkout.csv', 'browse.csv'],
  ['*.csv']]) {
  const { status, metrics } = parse({ type: 'jmeter', files, thresholds })
  const metric = (name) => metrics.find((one) => one.name === name)
  console.log(`${files.join(' and ')}: ${status}, samples ${metric('Samples').sum}, errors ${metric('Errors').rate} %, `
    + `p95 ${metric('Duration').p95} ms`)
}
JAVASCRIPT
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
