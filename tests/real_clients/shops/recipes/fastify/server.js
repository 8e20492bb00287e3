// A Fastify shop that takes M-Pesa, with Safaricom's host in its source.
const fastify = require('fastify')()
const mpesa = require('./mpesa')

fastify.get('/health', async () => ({ ok: true }))

fastify.post('/api/mpesa/stk', async (request, reply) => {
  const { phone, amount, reference } = request.body
  const [status, answer] = await mpesa.start(phone, amount, reference)
  return reply.code(status).send(answer)
})

fastify.get('/api/mpesa/status/:id', async (request, reply) => {
  const payment = mpesa.status(request.params.id)
  return reply.code(payment ? 200 : 404).send(payment || { message: 'No such payment.' })
})

fastify.post('/hooks/:secret', async (request) => {
  mpesa.callback(request.params.secret, request.body)
  return { ResultCode: 0, ResultDesc: 'Accepted' }
})

fastify.listen({ port: Number(process.env.PORT || 3000), host: '127.0.0.1' })
