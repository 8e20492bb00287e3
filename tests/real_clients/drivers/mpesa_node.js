// mpesa-node. Way in: the public property `baseURL` of its object.
'use strict'
const { settings, travel } = require('./journey')
const Mpesa = require(require.resolve('mpesa-node', { paths: [process.env.NODE_ENVIRONMENT] }))

const client = new Mpesa({
  consumerKey: settings.consumerKey,
  consumerSecret: settings.consumerSecret,
  environment: 'sandbox',
  lipaNaMpesaShortCode: settings.shortCode,
  lipaNaMpesaShortPass: settings.passkey
})
client.baseURL = settings.darajaUrl

travel({
  token: async () => (await client.oAuth()).data.access_token,
  push: async (msisdn, url) => {
    const { data } = await client.lipaNaMpesaOnline(msisdn, settings.amount, url, settings.reference)
    return {
      checkout_request_id: data.CheckoutRequestID,
      merchant_request_id: data.MerchantRequestID,
      response_code: data.ResponseCode
    }
  },
  query: async (id) => {
    const { data } = await client.lipaNaMpesaQuery(id)
    return { result_code: data.ResultCode, result_desc: data.ResultDesc }
  }
})
