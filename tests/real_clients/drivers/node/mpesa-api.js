// mpesa-api: every operation that it has, with Daraja's own field names. Way in: hosts written into its code.
'use strict'
const { body, module_of, run, settings, start } = require('../operations')
const { Mpesa } = module_of('mpesa-api')
const client = new Mpesa({
  clientKey: settings.key, clientSecret: settings.secret, securityCredential: settings.credential
}, 'sandbox')

start(async () => {
  const stk = { ...body('stk_push'), passKey: settings.passkey }
  await run('token', () => client.authenticate())
  await run('stk_push_default', () => client.lipaNaMpesaOnline({ ...stk, TransactionType: undefined }))
  await run('stk_push', () => client.lipaNaMpesaOnline(stk), true)
  await run('stk_query', () => client.lipaNaMpesaQuery({ ...body('stk_query'), passKey: settings.passkey }))
  await run('c2b_register', () => client.c2bRegister(body('c2b_register')))
  await run('c2b_simulate', () => client.c2bSimulate(body('c2b_simulate')), true)
  await run('b2c', () => client.b2c({ ...body('b2c'), Initiator: settings.initiator }), true)
  await run('balance', () => client.accountBalance(body('balance')), true)
  await run('status', () => client.transactionStatus(body('status')), true)
  await run('reversal', () => client.reversal({ ...body('reversal'), RecieverIdentifierType: undefined }), true)
})
