// What the Node drivers share: a receiver for every later message, and one row for each operation.
'use strict'
const fs = require('fs')
const http = require('http')
const path = require('path')
const readline = require('readline')
const { replaced } = require('./way_in')

const env = process.env
const PATIENCE_MS = 10000
const REQUESTS = fs.readFileSync(path.join(__dirname, 'requests.json'), 'utf8')
const waiting = {}
const rows = {}
const calls = {}
const settings = {
  key: env.CONSUMER_KEY,
  secret: env.CONSUMER_SECRET,
  passkey: env.PASSKEY,
  credential: env.SECURITY_CREDENTIAL,
  password: 'Safaricom999!*!',
  certificate: env.CERTIFICATE,
  initiator: 'testapi',
  darajaUrl: env.DARAJA_URL,
  pushCode: '174379',
  shortCode: '600992',
  other: '600000',
  phone: env.PHONE
}
// The simulator delivers what is sent there to the receiver: several clients take HTTPS addresses only.
const base = env.RECEIVER_URL

const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (part) => { body += part })
  request.on('end', () => {
    (waiting[request.url] || (() => {}))(JSON.parse(body))
    response.setHeader('Content-Type', 'application/json')
    response.end('{"ResultCode": 0, "ResultDesc": "Accepted"}')
  })
})

const url = (name) => `${base}/${name}`
const module_of = (name) => require(require.resolve(name, { paths: [env.NODE_ENVIRONMENT] }))

function receipt () {
  const { CallbackMetadata } = rows.stk_push.message.Body.stkCallback
  return CallbackMetadata ? CallbackMetadata.Item.find((item) => item.Name === 'MpesaReceiptNumber').Value : ''
}

// The documented fields of an operation.
function body (name) {
  const push = rows.stk_push && rows.stk_push.message
  const timestamp = new Date(Date.now() + 3 * 3600e3).toISOString().replace(/\D/g, '').slice(0, 14)
  const values = {
    BASE: base,
    PHONE: settings.phone,
    CREDENTIAL: settings.credential,
    TIMESTAMP: timestamp,
    PASSWORD: Buffer.from(settings.pushCode + settings.passkey + timestamp).toString('base64'),
    CHECKOUT: push ? push.Body.stkCallback.CheckoutRequestID : '',
    RECEIPT: push ? receipt() : ''
  }
  return JSON.parse(REQUESTS.replace(/\$\{(\w+)\}/g, (_, word) => values[word]))[name]
}

// What a call answers, or what it rejects with.
async function attempt (call) {
  try {
    const answer = await call()
    return { answer: answer && answer.data !== undefined ? { ...answer.data, okay: answer.okay } : answer }
  } catch (error) {
    const shown = (error.response && error.response.data) || error.data
    const name = error instanceof Error ? error.constructor.name : 'an object'
    return { raised: `${name}: ${shown ? JSON.stringify(shown) : String(error)}`.slice(0, 600) }
  }
}

async function run (name, call, later) {
  const message = new Promise((resolve) => { waiting[`/${name}`] = resolve })
  calls[name] = call
  const row = rows[name] = await attempt(call)
  if (later && row.raised === undefined) row.message = await Promise.race([message, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null))])
}

// Run `drive` once the receiver listens; print the rows. `parse`: the client's own reading of a callback.
function start (drive, parse) {
  server.listen(Number(env.RECEIVER_PORT), '127.0.0.1', async () => {
    await drive()
    console.log(JSON.stringify({ rows, replaced: replaced.length }))
    if (env.ON_DEMAND) {
      for await (const line of readline.createInterface({ input: process.stdin })) {
        const asked = JSON.parse(line)
        if (asked.query) rows.stk_push.message = asked.query
        const call = asked.parse ? () => parse(asked.parse) : (asked.query ? calls.stk_query : calls.stk_push)
        console.log(JSON.stringify({ told: await attempt(call) }))
      }
    }
    process.exit(0)
  })
}

module.exports = { body, module_of, receipt, run, settings, start, url }
