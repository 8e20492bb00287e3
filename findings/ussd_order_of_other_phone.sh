#!/usr/bin/env bash
# Finding: Of two customers in a USSD menu at once the second is asked to pay the order of the first.
#
# Package: ussd-menu-builder 1.2.0, ussd-builder 1.3.2 (npm), Node 18 or newer; the menu is called as their pages show
#   it, once for each request of Africa's Talking.
# Date: 2026-11-30
# Behaviour: What a request brings is kept in the menu, which all requests share: args, val and the function that
#   answers. A state that waits, for a database say, reads after it what the newest request left there.
# Documented: Their pages make the menu once, read menu.args.phoneNumber and menu.val in states that fetch something,
#   and answer by menu.end.
# For a merchant: The phone of one customer is prompted for the order of another, and the words meant for the first are
#   shown to the second. A test with one phone never shows it.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | ussd-menu-builder, one after the other: push to +254711000111 for order 1001
#   | ussd-menu-builder, one after the other: push to +254722000222 for order 2002
#   | ussd-menu-builder, at once: push to +254722000222 for order 2002
#   | ussd-menu-builder, at once: push to +254722000222 for order 1001
#   | ussd-builder, one after the other: push to +254711000111 for order 1001
#   | ussd-builder, one after the other: push to +254722000222 for order 2002
#   | ussd-builder, at once: push to +254722000222 for order 2002
#   | ussd-builder, at once: push to +254722000222 for order 1001

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
  ussd-menu-builder@1.2.0 ussd-builder@1.3.2 >&2 || exit 2
NODE_PATH="$folder/node_modules" node - >"$folder/seen" <<'JAVASCRIPT'
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const first = { phone: '+254711000111', order: '1001', lookup: 600 }
const second = { phone: '+254722000222', order: '2002', lookup: 100 }
const lookups = Object.fromEntries([first, second].map((one) => [one.order, one.lookup]))

async function session(name, order) {
  const UssdMenu = require(name)
  const menu = new UssdMenu()
  menu.startState({ run: () => menu.con('Your order number?'), next: { '*\\d+': 'pay' } })
  menu.state('pay', {
    run: async () => {
      const number = menu.val
      await pause(lookups[number]) // the order is looked up
      console.log(`${name}, ${order}: push to ${menu.args.phoneNumber} for order ${number}`)
      menu.end('You will be asked for your PIN.')
    },
  })
  const ask = (one) => menu.run(
    { sessionId: one.order, serviceCode: '*384*1#', phoneNumber: one.phone, text: one.order }, () => {})
  ask(first)
  await pause(order === 'at once' ? 250 : 1000)
  ask(second)
  await pause(1000)
}

;(async () => {
  for (const name of ['ussd-menu-builder', 'ussd-builder']) {
    for (const order of ['one after the other', 'at once']) await session(name, order)
  }
})()
JAVASCRIPT
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "$here") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
