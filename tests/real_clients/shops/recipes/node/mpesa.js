// M-Pesa for a small shop, whatever its framework: pushes, callbacks, and questions about payments without one.
const { randomBytes } = require('node:crypto')
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { setTimeout: pause } = require('node:timers/promises')
const axios = require('axios')
const { DARAJA, CALLBACK_PATH } = require('./settings')

const env = process.env
const PUBLIC_URL = env.PUBLIC_URL || 'https://shop.example'
const DB_FILE = env.DB_FILE || 'payments.db'
const ASK_AFTER_MS = 1000 * Number(env.MPESA_ASK_AFTER_S || 30)
const SENT = 'Enter your M-Pesa PIN on your phone.'
const DOWN = 'M-Pesa does not work now. You were not charged: pay by card.'
const CHECKING = 'We are checking your payment with M-Pesa.'
const REVIEW = 'A person is looking at your payment.'
const SAID = {
  1: 'Your M-Pesa balance is too low. You were not charged. Top up, or pay by card.',
  1019: 'The request expired. Try again.',
  1032: 'You cancelled the payment. You can try again.',
  1037: 'Your phone could not be reached. Is it on? Try again.',
  2001: 'The PIN was wrong. Try again.'
}
const FAILED = 'The payment did not work. You were not charged. Try again, or pay by card.'

const payments = new Map(existsSync(DB_FILE) ? JSON.parse(readFileSync(DB_FILE)) : [])
const http = axios.create({ baseURL: DARAJA, timeout: 15000, validateStatus: () => true })
let token = { text: '', until: 0, under_way: null }

async function start (phone, amount, reference) {
  const msisdn = normalised(String(phone))
  if (!msisdn || !/^[1-9]\d{0,5}$/.test(String(amount))) {
    return [400, { message: 'Type a phone number such as 0712345678 and a whole amount of shillings.' }]
  }
  const open = [...payments.values()].find(each => each.reference === reference && each.state !== 'FAILED')
  if (open) return [202, shown(open)]
  const payment = {
    id: randomBytes(8).toString('hex'), reference: String(reference), msisdn, amount: Number(amount), state: 'PENDING',
    secret: randomBytes(18).toString('base64url'), message: SENT, checkout: '', receipt: '', credited: 0, began: Date.now()
  }
  payments.set(payment.id, payment)
  keep()
  await push(payment)
  return [payment.state === 'FAILED' ? 502 : 202, shown(payment)]
}

function callback (secret, body) {
  const payment = [...payments.values()].find(each => each.secret === secret)
  const result = body?.Body?.stkCallback
  if (!payment || result?.ResultCode === undefined) return
  if (payment.checkout && payment.checkout !== result.CheckoutRequestID) return
  const items = Object.fromEntries((result.CallbackMetadata?.Item ?? []).map(item => [item.Name, item.Value]))
  if (String(result.ResultCode) !== '0') return failed(payment, result.ResultCode)
  if (Number(items.Amount) === payment.amount) return paid(payment, String(items.MpesaReceiptNumber ?? ''))
  if (payment.state === 'PENDING') change(payment, { state: 'REVIEW', message: REVIEW })
}

async function push (payment) {
  const { stamp, password } = signed()
  const body = {
    BusinessShortCode: env.MPESA_SHORTCODE, Password: password, Timestamp: stamp, Amount: payment.amount,
    TransactionType: 'CustomerPayBillOnline', PartyA: payment.msisdn, PartyB: env.MPESA_SHORTCODE,
    PhoneNumber: payment.msisdn, CallBackURL: `${PUBLIC_URL}${CALLBACK_PATH}/${payment.secret}`, TransactionDesc: 'Order',
    AccountReference: payment.reference.replace(/\W/g, '').slice(0, 12) || 'Order'
  }
  try {
    const answer = await call('/mpesa/stkpush/v1/processrequest', body)
    if (answer.status === 200 && String(answer.data?.ResponseCode) === '0') {
      return change(payment, { checkout: answer.data.CheckoutRequestID })
    }
    console.warn('Daraja refused a push:', answer.data?.errorCode ?? answer.status)
  } catch (error) {
    console.warn('Daraja:', error.code)
    if (error.code === 'ECONNABORTED') return change(payment, { message: CHECKING }) // nobody knows if it was taken
  }
  if (payment.state === 'PENDING') change(payment, { state: 'FAILED', message: DOWN })
}

async function ask (payment) {
  const { stamp, password } = signed()
  const body = { BusinessShortCode: env.MPESA_SHORTCODE, Password: password, Timestamp: stamp }
  const answer = await call('/mpesa/stkpushquery/v1/query', { ...body, CheckoutRequestID: payment.checkout })
  const code = String(answer.data?.ResultCode ?? '')
  if (answer.status === 200 && code === '0') paid(payment, '')
  else if (answer.status === 200 && code in SAID) failed(payment, code)
}

async function call (path, body) {
  let answer
  for (const wait of [0, 1000, 2200]) {
    if (wait) await pause(wait * (0.8 + Math.random() * 0.4))
    try {
      answer = await send(path, body, await currentToken())
      if (answer.status === 401 || answer.data?.errorCode === '404.001.03') {
        token.until = 0
        answer = await send(path, body, await currentToken())
      }
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error
      answer = { status: 503, data: {} }
    }
    const busy = [429, 503].includes(answer.status) || ['500.003.02', '500.003.03'].includes(answer.data?.errorCode)
    if (!busy) break
  }
  return answer
}

const send = (path, body, bearer) => http.post(path, body, { headers: { Authorization: `Bearer ${bearer}` } })

async function currentToken () {
  if (Date.now() < token.until) return token.text
  token.under_way ??= renew().finally(() => { token.under_way = null })
  return token.under_way
}

async function renew () {
  const auth = { username: env.MPESA_CONSUMER_KEY, password: env.MPESA_CONSUMER_SECRET }
  const answer = await http.get('/oauth/v1/generate?grant_type=client_credentials', { auth })
  if (answer.status !== 200) throw Object.assign(new Error('no token'), { code: `token ${answer.status}` })
  Object.assign(token, { text: answer.data.access_token, until: Date.now() + 1000 * (answer.data.expires_in - 60) })
  return token.text
}

function paid (payment, receipt) {
  if (['PENDING', 'FAILED'].includes(payment.state)) {
    change(payment, { state: 'PAID', message: 'Paid. Thank you!', receipt, credited: payment.amount })
  } else if (payment.state === 'PAID' && receipt) change(payment, { receipt })
}

function failed (payment, code) {
  if (payment.state === 'PENDING') change(payment, { state: 'FAILED', message: SAID[code] ?? FAILED })
}

function change (payment, fields) {
  Object.assign(payment, fields)
  keep()
}

const keep = () => writeFileSync(DB_FILE, JSON.stringify([...payments]))

function signed () {
  const stamp = new Date(Date.now() + 3 * 3600 * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  return { stamp, password: Buffer.from(env.MPESA_SHORTCODE + env.MPESA_PASSKEY + stamp).toString('base64') }
}

function normalised (phone) {
  const found = /^(?:254|0)?([17]\d{8})$/.exec(phone.replace(/[\s()+-]/g, ''))
  return found && `254${found[1]}`
}

const shown = ({ id, state, message, receipt, credited }) => ({ id, status: state, message, receipt, credited })

function status (id) {
  const payment = payments.get(id)
  return payment && shown(payment)
}

setInterval(() => {
  for (const payment of payments.values()) {
    if (payment.state === 'PENDING' && payment.checkout && Date.now() - payment.began > ASK_AFTER_MS) {
      ask(payment).catch(error => console.warn('a question was not answered:', error.code))
    }
  }
}, ASK_AFTER_MS / 4).unref()

module.exports = { start, callback, status }
