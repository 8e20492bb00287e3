// daraja.js: every operation that it has. Way in: hosts written into its code.
'use strict'
const { body, module_of, receipt, run, settings, start, url } = require('../operations')
const { Mpesa, STKPushResultWrapper } = module_of('daraja.js')
const { initiator, phone, pushCode, shortCode } = settings

start(async () => {
  const client = new Mpesa({
    consumerKey: settings.key,
    consumerSecret: settings.secret,
    organizationShortCode: Number(shortCode),
    securityCredential: settings.credential
  })
  const answered = (call) => call().then((answer) => ({ ...answer, okay: answer.isOkay() }))
  const told = (call, name) => call.timeoutURL(url(`${name}-timeout`)).resultURL(url(name))
  await run('stk_push', () => answered(() => client.stkPush().shortCode(pushCode).amount(20).phoneNumber(Number(phone))
    .callbackURL(url('stk_push')).accountNumber('OPS').description('x').lipaNaMpesaPassKey(settings.passkey).send()), true)
  await run('stk_query', () => answered(() => client.stkPush().shortCode(pushCode).lipaNaMpesaPassKey(settings.passkey)
    .checkoutRequestID(body('stk_query').CheckoutRequestID).queryStatus()))
  await run('c2b_register', () => answered(() => client.c2b().shortCode(shortCode).confirmationURL(url('c2b_simulate'))
    .validationURL(url('c2b-v')).callbackURL(url('c2b-c')).registerURLS()))
  await run('c2b_simulate', () => answered(() => client.c2b().shortCode(shortCode).amount(500).phoneNumber(Number(phone))
    .accountNumber('HOUSE-12B').simulate()), true)
  await run('b2c', () => answered(() => told(client.b2c().shortCode(shortCode).amount(250).phoneNumber(Number(phone))
    .transactionType('BusinessPayment').initiatorName(initiator).remarks('Refund'), 'b2c').send()), true)
  await run('balance', () => answered(() => told(client.accountBalance().shortCode(shortCode).initiator(initiator)
    .remarks('Balance'), 'balance').query()), true)
  await run('status', () => answered(() => told(client.transactionStatus().shortCode(pushCode).transactionID(receipt()).initiator(initiator),
    'status').queryStatus()), true)
  await run('reversal', () => answered(() => told(client.reversal().shortCode(pushCode).amount(20)
    .transactionID(receipt()).initiator(initiator), 'reversal').send()), true)
}, (message) => {
  const result = new STKPushResultWrapper(message)
  return { okay: result.isOkay(), code: result.getResultCode(), receipt: result.isOkay() ? result.getMpesaReceiptNo() : null }
})
