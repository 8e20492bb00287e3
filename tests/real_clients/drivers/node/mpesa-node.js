// mpesa-node: every operation that it has. Way in: the public property `baseURL` of its object.
'use strict'
const { module_of, receipt, run, settings, start, url } = require('../operations')
const Mpesa = module_of('mpesa-node')
const { shortCode, other, phone } = settings

start(async () => {
  const client = new Mpesa({
    consumerKey: settings.key,
    consumerSecret: settings.secret,
    environment: 'sandbox',
    shortCode,
    initiatorName: settings.initiator,
    lipaNaMpesaShortCode: settings.pushCode,
    lipaNaMpesaShortPass: settings.passkey,
    securityCredential: settings.password,
    certPath: settings.certificate
  })
  client.baseURL = settings.darajaUrl
  await run('token', () => client.oAuth())
  await run('stk_push', () => client.lipaNaMpesaOnline(phone, 20, url('stk_push'), 'OPS'), true)
  await run('c2b_register', () => client.c2bRegister(url('c2b_simulate'), url('c2b-v')))
  await run('c2b_simulate', () => client.c2bSimulate(phone, 500, 'HOUSE-12B'), true)
  await run('b2c', () => client.b2c(shortCode, phone, 250, url('b2c-timeout'), url('b2c')), true)
  await run('b2b', () => client.b2b(shortCode, other, 239, url('b2b-timeout'), url('b2b')), true)
  await run('b2b_paybill', () => client.b2b(shortCode, other, 239, url('b2b_paybill-timeout'), url('b2b_paybill'), 4, 4,
    null, 'BusinessPayBill', '353353'), true)
  await run('balance', () => client.accountBalance(shortCode, 4, url('balance-timeout'), url('balance')), true)
  await run('status', () => client.transactionStatus(receipt(), '174379', 4, url('status-timeout'), url('status')), true)
  await run('reversal', () => client.reversal(receipt(), 20, url('reversal-timeout'), url('reversal'), '174379'), true)
})
