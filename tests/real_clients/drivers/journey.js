// What every Node driver shares: settings, a callback receiver, and the order of a journey.
'use strict'
const http = require('http')

const settings = {
  darajaUrl: process.env.DARAJA_URL,
  consumerKey: process.env.CONSUMER_KEY,
  consumerSecret: process.env.CONSUMER_SECRET,
  shortCode: process.env.SHORT_CODE,
  passkey: process.env.PASSKEY,
  amount: 350,
  reference: 'ORDER42'
}

const waiting = []
const received = []

const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => { body += chunk })
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    response.end('{"ResultCode": 0, "ResultDesc": "Accepted"}')
    const next = waiting.shift()
    if (next) next(JSON.parse(body))
    else received.push(JSON.parse(body))
  })
})

function callback () {
  if (received.length) return Promise.resolve(received.shift())
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('no callback within 15 s')), 15000)
    waiting.push((body) => { clearTimeout(limit); resolve(body) })
  })
}

// A step's answer, or what the client raised: both are findings.
async function attempt (step, ...args) {
  try {
    return { answer: await step(...args) }
  } catch (error) {
    return { raised: `${error.name}: ${error.message}` }
  }
}

// Token, push, callback, query for each number given on the command line; prints what came of it as JSON.
async function travel ({ token, push, query }) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}/stk/callback`
  const told = { token: await attempt(token), payments: [] }
  for (const msisdn of process.argv.slice(2)) {
    const payment = { push: await attempt(push, msisdn, url) }
    told.payments.push(payment)
    const id = payment.push.answer && payment.push.answer.checkout_request_id
    if (!id) continue
    payment.raw = await callback()
    payment.query = await attempt(query, id)
  }
  console.log(JSON.stringify(told))
  process.exit(0)
}

module.exports = { settings, travel }
