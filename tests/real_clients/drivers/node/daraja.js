// daraja (npm): every operation that it has. Way in: hosts written into each call.
'use strict'
const { body, module_of, receipt, run, settings, start, url } = require('../operations')
const { Mpesa } = module_of('daraja')
const { initiator, password, phone } = settings

start(async () => {
  const push = new Mpesa(Number(settings.pushCode), settings.key, settings.secret)
  const own = new Mpesa(Number(settings.shortCode), settings.key, settings.secret)
  const urls = (name) => [url(name), url(`${name}-timeout`)]
  await run('stk_push', () => push.mpesaExpressRequest(20, Number(phone), 174379, settings.passkey,
    'CustomerPayBillOnline', 'OPS', 'x', url('stk_push')), true)
  await run('stk_query', () => push.mpesaExpressQuery(settings.passkey, body('stk_query').CheckoutRequestID))
  await run('c2b_register', () => own.c2bRegisterUrl(url('c2b-v'), url('c2b_simulate'), 'Completed'))
  await run('c2b_simulate', () => own.c2bSimulateTransaction(500, Number(phone), 'HOUSE-12B'), true)
  await run('b2c', () => own.b2cPaymentRequest(250, Number(phone), initiator, password, 'BusinessPayment', 'Refund',
    'Refund', ...urls('b2c')), true)
  await run('balance', () => own.accountBalanceRequest(4, initiator, password, 'Balance', ...urls('balance')), true)
  await run('status', () => push.transactionStatusRequest(receipt(), 4, initiator, password, 'Status', 'OK',
    ...urls('status')), true)
  await run('reversal', () => push.reversalRequest(receipt(), initiator, password, 'Reverse', 'OK',
    ...urls('reversal')), true)
})
