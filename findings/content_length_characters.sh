#!/usr/bin/env bash
# Finding: mpesa-api counts characters for Content-Length, so a push with an accented letter arrives cut short.
#
# Package: mpesa-api 3.0.2 (npm), Node 20; http.request is replaced by a recorder.
# Date: 2026-11-29
# Behaviour: Content-Length is the length of the text in characters. With a letter outside ASCII it is too small:
#   the receiver gets JSON without its end.
# Documented: A body that is no JSON is refused: 400.002.05 Invalid Request Payload.
# For a merchant: One customer's shop name or description (a cafe with its accent) makes all pushes fail, with an
#   error that names no field.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | declared 39, bytes 39, the receiver reads whole: {"Amount":350,"TransactionDesc":"Cafe"}
#   | declared 39, bytes 40, the receiver reads SyntaxError: {"Amount":350,"TransactionDesc":"Café"

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts mpesa-api@3.0.2 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const http = require('http')
const record = (options) => ({
  on () {},
  end () {},
  write (text) {
    const declared = options.headers['Content-Length']
    const arrives = Buffer.from(text).subarray(0, declared).toString()
    let json = 'whole'
    try { JSON.parse(arrives) } catch (error) { json = error.name }
    console.log(`declared ${declared}, bytes ${Buffer.byteLength(text)}, the receiver reads ${json}: ${arrives}`)
  }
})
Object.defineProperty(http, 'request', { value: record })
const { HttpService } = require('mpesa-api/lib/services/http.service')
const service = new HttpService({ baseURL: 'http://127.0.0.1', headers: {} })
for (const TransactionDesc of ['Cafe', 'Café']) {
  service.post('/mpesa/stkpush/v1/processrequest', { Amount: 350, TransactionDesc }, { headers: {} })
}
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
