// A small checkout in plain Node: an order, an STK push, a callback. It is what the tests beside it are about, and no
// more: a shop for production also asks by STK query when a callback is lost (examples/duka shows how).
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'

const SAID = {
  0: 'Paid. Thank you!',
  1: 'Your M-Pesa balance is too low. Top up, or use another way to pay.',
  1032: 'You cancelled the payment. You can try again.',
  1037: 'Your phone could not be reached. Is it on?',
  2001: 'The PIN was wrong. You can try again.'
}

export async function startShop (daraja) {
  const orders = new Map()
  const bySecret = new Map() // the secret of each order is in its callback URL, and nowhere else

  async function token () {
    const pair = Buffer.from(`${daraja.consumer_key}:${daraja.consumer_secret}`).toString('base64')
    const answer = await fetch(`${daraja.daraja_url}/oauth/v1/generate?grant_type=client_credentials`, {
      headers: { Authorization: `Basic ${pair}` },
      signal: AbortSignal.timeout(15_000)
    })
    return answer.ok ? (await answer.json()).access_token : undefined
  }

  /** The CheckoutRequestID, or that it is refused. Neither where no clear answer came: the prompt may be on the phone. */
  async function push (order, callbackUrl) {
    const bearer = await token().catch(() => undefined)
    if (bearer === undefined) return { refused: true }
    const east = new Date(Date.now() + 3 * 3600 * 1000).toISOString()
    const stamp = east.replace(/[-:T]/g, '').slice(0, 14)
    const answer = await fetch(`${daraja.daraja_url}/mpesa/stkpush/v1/processrequest`, {
      method: 'POST',
      signal: AbortSignal.timeout(15_000),
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        BusinessShortCode: daraja.short_code,
        Password: Buffer.from(daraja.short_code + daraja.passkey + stamp).toString('base64'),
        Timestamp: stamp,
        TransactionType: 'CustomerPayBillOnline',
        Amount: order.amount,
        PartyA: order.msisdn,
        PartyB: daraja.short_code,
        PhoneNumber: order.msisdn,
        CallBackURL: callbackUrl,
        AccountReference: order.id.slice(0, 12),
        TransactionDesc: 'Order'
      })
    }).catch(() => undefined)
    const body = await answer?.json().catch(() => undefined) ?? {}
    const status = answer?.status ?? 0
    const refused = (status >= 400 && status < 500) || status === 503 || 'errorCode' in body || (body.ResponseCode ?? '0') !== '0'
    return { refused, checkout: body.CheckoutRequestID }
  }

  /** A result. A paid order stays paid, and a stranger changes nothing. A success counts after a failure too. */
  function settle (secret, callback) {
    const order = bySecret.get(secret)
    const result = callback.Body?.stkCallback
    if (order === undefined || result === undefined) return
    if (order.checkout !== undefined && order.checkout !== result.CheckoutRequestID) return
    if (order.state === 'paid' || order.state === 'review') return
    const items = Object.fromEntries((result.CallbackMetadata?.Item ?? []).map(item => [item.Name, item.Value]))
    const paid = Number(result.ResultCode) === 0
    if (paid && Number(items.Amount) !== order.amount) return Object.assign(order, { state: 'review', message: 'We check your payment.' })
    Object.assign(order, {
      state: paid ? 'paid' : 'failed',
      message: SAID[result.ResultCode] ?? 'The payment did not work. You were not charged.',
      receipt: items.MpesaReceiptNumber,
      credits: paid ? order.credits + 1 : order.credits
    })
  }

  async function read (request) {
    let text = ''
    for await (const piece of request) text += piece
    return text === '' ? {} : JSON.parse(text)
  }

  const server = createServer(async (request, response) => {
    const answer = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    const body = await read(request)
    if (request.url.startsWith('/callback/')) {
      settle(request.url.split('/').pop(), body)
      return answer(200, { ResultCode: 0, ResultDesc: 'Accepted' })
    }
    if (request.method === 'GET') return answer(200, orders.get(request.url.split('/').pop()) ?? {})
    const order = { id: randomUUID(), msisdn: body.phone, amount: body.amount, state: 'pending', message: 'Enter your PIN.', credits: 0 }
    const secret = randomUUID()
    orders.set(order.id, order)
    bySecret.set(secret, order) // before the push: the callback can be faster than the answer
    const pushed = await push(order, `http://127.0.0.1:${server.address().port}/callback/${secret}`)
    if (pushed.refused) {
      Object.assign(order, { state: 'failed', message: 'M-Pesa does not work at the moment. You were not charged.' })
      return answer(503, order)
    }
    order.checkout = pushed.checkout
    if (pushed.checkout === undefined && order.state === 'pending') order.message = 'We are checking your payment with M-Pesa.'
    return answer(201, order)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() }
}
