// A Koa shop that takes M-Pesa.
const Koa = require('koa')
const Router = require('@koa/router')
const { bodyParser } = require('@koa/bodyparser')
const mpesa = require('./mpesa')

const router = new Router()

router.get('/health', ctx => { ctx.body = { ok: true } })

router.post('/api/mpesa/stk', async ctx => {
  const { phone, amount, reference } = ctx.request.body
  const [status, answer] = await mpesa.start(phone, amount, reference)
  ctx.status = status
  ctx.body = answer
})

router.get('/api/mpesa/status/:id', ctx => {
  const payment = mpesa.status(ctx.params.id)
  ctx.status = payment ? 200 : 404
  ctx.body = payment || { message: 'No such payment.' }
})

router.post('/hooks/:secret', ctx => {
  mpesa.callback(ctx.params.secret, ctx.request.body)
  ctx.body = { ResultCode: 0, ResultDesc: 'Accepted' }
})

new Koa().use(bodyParser()).use(router.routes()).listen(process.env.PORT || 3000, '127.0.0.1')
