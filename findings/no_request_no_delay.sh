#!/usr/bin/env bash
# Finding: A load test that sent nothing is exported as answered in 0 seconds, without failures.
#
# Package: locust-csv2openmetrics 1.0.0 with prometheus-client 0.17.1 (PyPI), Python 3.11; its command line reads the
#   table that Locust 2 writes with --csv, of a run without requests, one where all failed, and a good one.
# Date: 2026-11-30
# Behaviour: "N/A", Locust's mark for a percentile of nothing, becomes 0.0, and the part of failures of no requests 0.0.
#   The number of requests is not exported, only their rate.
# Documented: OpenMetrics has NaN for a value that is not known; a sample can also be left out.
# For a merchant: The shop was not up, or no customer could be made: the alerts on a slow check-out and on failures are
#   silent, and the curve of the nightly run has its best night.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | good: failures_ratio 0.01, requests_per_second 16.6, response_time_p50 0.18, response_time_p95 0.42
#   | all failed: failures_ratio 1.0, requests_per_second 16.6, response_time_p50 2.1, response_time_p95 3.3
#   | no requests: failures_ratio 0.0, requests_per_second 0.0, response_time_p50 0.0, response_time_p95 0.0

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps locust-csv2openmetrics==1.0.0 \
  prometheus-client==0.17.1 >&2 || exit 2
cd "$folder"
head='Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time'
head="$head,Max Response Time,Average Content Size,Requests/s,Failures/s"
head="$head,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
read_as() {
  printf '%s\n,Aggregated,%s\n' "$head" "$2" >stats.csv
  env/bin/locust_csv2openmetrics stats.csv -o metrics.txt
  echo "$1: $(sed -n 's/^locust_//p' metrics.txt | sed 's/_seconds / /' | paste -sd, | sed 's/,/, /g')"
}
{
  read_as good '1000,10,180,190.0,80,900,310.0,16.6,0.2,180,200,220,240,300,420,600,700,880,900,900'
  read_as 'all failed' \
    '1000,1000,2100,2200.0,80,4000,0.0,16.6,16.6,2100,2400,2600,2700,3000,3300,3500,3700,3900,4000,4000'
  read_as 'no requests' '0,0,0,0.0,0,0,0.0,0.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A'
} >seen
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
