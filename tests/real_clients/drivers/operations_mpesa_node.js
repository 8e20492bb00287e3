// mpesa-node: every operation that it has. Way in: the public property `baseURL` of its object.
'use strict'
const http = require('http')
const Mpesa = require(require.resolve('mpesa-node', { paths: [process.env.NODE_ENVIRONMENT] }))
const env = process.env
const SHORT_CODE = '600992'
const OTHER = '600000'
const PHONE = env.PHONE
const waiting = {}
const rows = {}

const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (part) => { body += part })
  request.on('end', () => {
    (waiting[request.url] || (() => {}))(JSON.parse(body))
    response.setHeader('Content-Type', 'application/json')
    response.end('{"ResultCode": 0, "ResultDesc": "Accepted"}')
  })
})

async function run (name, call, later) {
  const message = new Promise((resolve) => { waiting[`/${name}`] = resolve })
  const row = rows[name] = {}
  try {
    row.answer = (await call()).data
  } catch (error) {
    const shown = error.response && error.response.data
    row.raised = shown ? JSON.stringify(shown) : String(error)
    return
  }
  if (later) row.message = await Promise.race([message, new Promise((resolve) => setTimeout(resolve, 10000, null))])
}

function receipt () {
  const items = rows.stk_push.message.Body.stkCallback.CallbackMetadata.Item
  return items.find((item) => item.Name === 'MpesaReceiptNumber').Value
}

server.listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`
  const url = (name) => `${base}/${name}`
  const client = new Mpesa({
    consumerKey: env.CONSUMER_KEY,
    consumerSecret: env.CONSUMER_SECRET,
    environment: 'sandbox',
    shortCode: SHORT_CODE,
    initiatorName: 'testapi',
    lipaNaMpesaShortCode: '174379',
    lipaNaMpesaShortPass: env.PASSKEY,
    securityCredential: 'Safaricom999!*!',
    certPath: env.CERTIFICATE
  })
  client.baseURL = env.DARAJA_URL
  await run('token', () => client.oAuth())
  await run('stk_push', () => client.lipaNaMpesaOnline(PHONE, 20, url('stk_push'), 'OPS'), true)
  await run('c2b_register', () => client.c2bRegister(url('c2b_simulate'), url('c2b-v')))
  await run('c2b_simulate', () => client.c2bSimulate(PHONE, 500, 'HOUSE-12B'), true)
  await run('b2c', () => client.b2c(SHORT_CODE, PHONE, 250, url('b2c-timeout'), url('b2c')), true)
  await run('b2b', () => client.b2b(SHORT_CODE, OTHER, 239, url('b2b-timeout'), url('b2b')), true)
  await run('b2b_paybill', () => client.b2b(SHORT_CODE, OTHER, 239, url('b2b_paybill-timeout'), url('b2b_paybill'), 4, 4,
    null, 'BusinessPayBill', '353353'), true)
  await run('balance', () => client.accountBalance(SHORT_CODE, 4, url('balance-timeout'), url('balance')), true)
  await run('status', () => client.transactionStatus(receipt(), '174379', 4, url('status-timeout'), url('status')), true)
  await run('reversal', () => client.reversal(receipt(), 20, url('reversal-timeout'), url('reversal'), '174379'), true)
  console.log(JSON.stringify(rows))
  process.exit(0)
})
