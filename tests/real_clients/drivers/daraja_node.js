// daraja (npm). Way in: its HTTP library's `get` and `post` are wrapped, because the hosts are written into each call.
'use strict'
const { createRequire } = require('module')
const path = require('path')
const { settings, travel } = require('./journey')

const entry = require.resolve('daraja', { paths: [process.env.NODE_ENVIRONMENT] })
const http = createRequire(entry)('request-promise-native')
for (const verb of ['get', 'post']) {
  const send = http[verb]
  http[verb] = (url, options) => send(url.replace('https://sandbox.safaricom.co.ke', settings.darajaUrl), options)
}
const { Mpesa } = require(entry)
const api = require(path.join(path.dirname(entry), 'lib', 'api'))

const shortCode = Number(settings.shortCode)
const client = new Mpesa(shortCode, settings.consumerKey, settings.consumerSecret)

travel({
  token: async () => (await api.generateToken('sandbox', settings.consumerKey, settings.consumerSecret)).access_token,
  push: async (msisdn, url) => {
    const answer = await client.mpesaExpressRequest(
      settings.amount, Number(msisdn), shortCode, settings.passkey, 'CustomerPayBillOnline',
      settings.reference, 'Order 42', url
    )
    return { checkout_request_id: answer.checkoutRequestId, merchant_request_id: answer.merchantRequestId }
  },
  query: async (id) => {
    const answer = await client.mpesaExpressQuery(settings.passkey, id)
    return { result_code: answer.resultCode, result_desc: answer.resultDescription }
  }
})
