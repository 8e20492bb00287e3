#!/usr/bin/env bash
# Finding: JMeter's time-outs, refused connections and failed assertions are no errors; and a quarter is "0.25%".
#
# Package: parse-jtl 1.1.0, performance-results-parser 0.0.10 (npm), Node 18 or newer; result files in the form that
#   JMeter 5 writes by default. JMeter itself is not run.
# Date: 2026-11-30
# Behaviour: The column success is not read. A sample is an error if its responseCode is a number from 400 on, which a
#   time-out and a failed assertion do not have, nor a transaction that stands beside its requests. Where one has such a
#   code, aggregate() writes the part as a percentage without multiplying it by a hundred; so a limit of 1 percent
#   holds.
# Documented: JMeter's column success is false for each sample that failed, whatever its code; a transaction fails if
#   one of its samples does. Limits are given as rate<1, in percent.
# For a merchant: A check-out that times out for most customers is reported with 0 % errors, and passes.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | requests: 4 samples, failed by JMeter 3, errors of parse-jtl 1
#   | transactions beside their requests: 4 samples, failed by JMeter 3, errors of parse-jtl 0, aggregate 0%
#   | transactions as parents: 4 samples, failed by JMeter 3, errors of parse-jtl 1, aggregate 0.25%
#   | limit "fewer than 1 % errors", beside their requests: PASS, rate 0 %
#   | limit "fewer than 1 % errors", as parents: PASS, rate 0.25 %

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  parse-jtl@1.1.0 performance-results-parser@0.0.10 >&2 || exit 2
python3 - <<'PYTHON'
COLUMNS = ("timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,"
           "sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect")
TIMED_OUT = "Non HTTP response code: java.net.SocketTimeoutException"
ENDED = (
    ("200", "OK", "true", ""),
    (TIMED_OUT, "Non HTTP response message: Read timed out", "false", ""),
    ("200", "OK", "false", "Test failed: text expected to contain /Check your phone/"),
    ("503", "Service Unavailable", "false", ""),
)
beside, parents = [COLUMNS], [COLUMNS]
for number, (code, message, success, failure) in enumerate(ENDED):
    at = 1790000000000 + 1000 * number
    beside.append(f"{at},900,checkout,{code},{message},Customers 1-1,text,{success},{failure},310,420,1,1,"
                  "https://shop.example.co.ke/checkout,890,0,12")
    failed = success == "false"
    words = f'"Number of samples in transaction : 1, number of failing samples : {int(failed)}"'
    rest = f"{words},Customers 1-1,,{success},,310,420,1,1,null,890,0,12"
    beside.append(f"{at},901,Pay,{'' if failed else 200},{rest}")  # JMeter gives a failed one no code here,
    parents.append(f"{at},901,Pay,{code},{rest}")  # and here that of the first request that failed
for name, lines in (("beside", beside), ("parents", parents)):
    with open(f"{name}.jtl", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
PYTHON
node - >seen <<'JAVASCRIPT'
const fs = require('fs')
const jtl = require('parse-jtl')
const performance = require('performance-results-parser')
const names = { beside: 'beside their requests', parents: 'as parents' }
const failed = (file, label) => fs.readFileSync(`${file}.jtl`, 'utf8').split('\n')
  .filter((row) => row.includes(`,${label},`) && row.includes(',false,')).length
const said = (file, row) => `${row.samples} samples, failed by JMeter ${failed(file, row.label)}, `
  + `errors of parse-jtl ${row.errors}`
console.log(`requests: ${said('beside', jtl.parse('beside.jtl').requests.checkout)}`)
for (const [file, name] of Object.entries(names)) {
  const [total] = jtl.aggregate(`${file}.jtl`)
  const { Pay } = jtl.parse(`${file}.jtl`).transactions
  console.log(`transactions ${name}: ${said(file, Pay)}, aggregate ${total['Error %']}`)
}
const thresholds = [{ metric: 'Errors', checks: ['rate<1'] }]
for (const [file, name] of Object.entries(names)) {
  const { status, metrics } = performance.parse({ type: 'jmeter', files: [`${file}.jtl`], thresholds })
  const { rate } = metrics.find((metric) => metric.name === 'Errors')
  console.log(`limit "fewer than 1 % errors", ${name}: ${status}, rate ${rate} %`)
}
JAVASCRIPT
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
