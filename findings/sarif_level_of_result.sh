#!/usr/bin/env bash
# Finding: A SARIF error is left out of the comment, and does not fail the job, if its rule names no level of its own.
#
# Package: @security-alert/sarif-to-markdown 1.11.1 (npm), Node 18 or newer; a file in the form of SARIF 2.1.0.
# Date: 2026-11-30
# Behaviour: The level of a result is never read, only the defaultConfiguration of its rule. A rule without one belongs
#   to no severity, so all its results are dropped; one whose default is note stays a note. failOn looks there too, and
#   counts what was suppressed.
# Documented: SARIF 2.1.0, 3.27.10: the level of a result is its own; only without one that of its rule, and without
#   that, warning. Rules need no defaultConfiguration.
# For a merchant: The reviewer's error "a lost callback is never looked up" is not in the comment of the merge request:
#   "Nothing here." An error that the team has accepted in writing stops the merge.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | an error, its rule without a level: listed false, fails the job false
#   | an error, its rule a note: listed as NOTE, fails the job false
#   | a note, its rule an error: listed as ERROR, fails the job true
#   | an error, accepted in writing: listed as ERROR, fails the job true
#   | all that is listed of the first: Nothing here.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  @security-alert/sarif-to-markdown@1.11.1 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const { sarifToMarkdown } = require('@security-alert/sarif-to-markdown')
const locations = [{ physicalLocation: { artifactLocation: { uri: 'shop/pay.py' }, region: { startLine: 4 } } }]
const accepted = [{ kind: 'external', status: 'accepted', justification: 'the server is in Nairobi' }]
const found = [
  ['an error, its rule without a level', {}, { level: 'error' }],
  ['an error, its rule a note', { defaultConfiguration: { level: 'note' } }, { level: 'error' }],
  ['a note, its rule an error', { defaultConfiguration: { level: 'error' } }, { level: 'note' }],
  ['an error, accepted in writing', { defaultConfiguration: { level: 'error' } },
    { level: 'error', suppressions: accepted }],
]
const options = { owner: 'shop', repo: 'shop', branch: 'main', sourceRoot: '', simple: true, suppressedResults: false,
  severities: ['error', 'warning', 'note'], failOn: ['error'] }
const texts = found.map(([name, rule, result]) => {
  const text = 'a lost callback is never looked up'
  const [{ body, shouldFail }] = sarifToMarkdown(options)({ version: '2.1.0', runs: [{
    tool: { driver: { name: 'reviewer', rules: [{ id: 'LOST', shortDescription: { text }, ...rule }] } },
    results: [{ ruleId: 'LOST', ruleIndex: 0, message: { text }, locations, ...result }],
  }] })
  const listed = body.match(/\*\*\[(\w+)\]\*\*/)
  console.log(`${name}: listed ${listed ? `as ${listed[1]}` : false}, fails the job ${shouldFail}`)
  return body
})
const [listed] = texts[0].split('\n').filter((line) => line && !line.startsWith('#'))
console.log(`all that is listed of the first: ${listed}`)
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
