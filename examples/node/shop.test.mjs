// node --test examples/node      (with `tayari` on the path)
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startDaraja } from './daraja.mjs'
import { startShop } from './shop.mjs'

let daraja, shop

before(async () => {
  daraja = await startDaraja()
  shop = await startShop(daraja)
})

after(() => {
  shop?.stop()
  daraja?.stop()
})

async function pay (phone, amount = 150) {
  const answer = await fetch(`${shop.url}/orders`, { method: 'POST', body: JSON.stringify({ phone, amount }) })
  return { status: answer.status, ...(await answer.json()) }
}

async function order (id) {
  return (await fetch(`${shop.url}/orders/${id}`)).json()
}

/** Waits, without sleeping, until the shop has answered the callback of this number's payment. */
async function calledBack (msisdn) {
  const found = await daraja.control('POST', '/v1/wait', { for: 'callback_answered', msisdn, timeout_s: 20 })
  assert.equal(found.met, true)
}

// Each test pays from a number of its own: that is how they can share one simulator.

test('a payment that succeeds is credited once, with its receipt', async () => {
  const { id, status } = await pay('254711000001')
  await calledBack('254711000001')

  assert.equal(status, 201)
  const { state, credits, receipt } = await order(id)
  assert.deepEqual({ state, credits }, { state: 'paid', credits: 1 })
  assert.match(receipt, /^[A-Z0-9]{10}$/)
})

test('a customer without the money is told so', async () => {
  await daraja.control('POST', '/v1/next', { scenario: 'payment/insufficient-funds', msisdn: '254711000002' })
  const { id } = await pay('254711000002')
  await calledBack('254711000002')

  const { state, message } = await order(id)
  assert.equal(state, 'failed')
  assert.match(message, /balance is too low/)
})

test('a success that arrives twice credits once', async () => {
  await daraja.control('POST', '/v1/next', { scenario: 'callbacks/duplicate', msisdn: '254711000003' })
  const { id } = await pay('254711000003')
  await daraja.control('POST', '/v1/wait', { for: 'callback_answered', msisdn: '254711000003', count: 2, timeout_s: 20 })

  assert.equal((await order(id)).credits, 1)
})

test('a push that Daraja refuses charges nobody, and the customer sees it', async () => {
  await daraja.control('POST', '/v1/next', { scenario: 'service/system-busy', msisdn: '254711000004' })
  const { status, message } = await pay('254711000004')

  assert.equal(status, 503)
  assert.match(message, /not charged/)
  assert.deepEqual((await daraja.control('GET', '/v1/payments?msisdn=254711000004')).payments, [])
})

test('no payment is lost whose answer is lost, whose callback is early, or whose first result is a failure', async () => {
  const callbacks = { 'ack/lost': 1, 'ack/gateway-timeout': 1, 'callbacks/before-ack': 1, 'callbacks/success-after-failure': 2 }
  await Promise.all(Object.entries(callbacks).map(async ([scenario, count], index) => {
    const msisdn = `25471100000${6 + index}`
    await daraja.control('POST', '/v1/next', { scenario, msisdn })
    const { id, status, message } = await pay(msisdn)
    await daraja.control('POST', '/v1/wait', { for: 'callback_answered', msisdn, count, timeout_s: 20 })

    assert.equal(status, 201)
    assert.doesNotMatch(message, /not charged/)
    assert.equal((await order(id)).state, 'paid')
  }))
})

test('a callback that a stranger sends is not believed', async () => {
  await daraja.control('POST', '/v1/hold', { msisdn: '254711000005', for_s: 60 }) // the true one comes later than this test
  const { id } = await pay('254711000005')
  const forged = { Body: { stkCallback: { CheckoutRequestID: 'ws_CO_invented', ResultCode: 0, CallbackMetadata: { Item: [] } } } }
  await fetch(`${shop.url}/callback/a-guess`, { method: 'POST', body: JSON.stringify(forged) })

  assert.equal((await order(id)).state, 'pending')
})
