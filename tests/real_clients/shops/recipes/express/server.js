// An Express shop that takes M-Pesa.
const express = require('express')
const mpesa = require('./mpesa')

const app = express()
app.use(express.json())

app.get('/health', (req, res) => res.json({ ok: true }))

app.post('/api/mpesa/stk', async (req, res) => {
  const { phone, amount, reference } = req.body
  const [status, answer] = await mpesa.start(phone, amount, reference)
  res.status(status).json(answer)
})

app.get('/api/mpesa/status/:id', (req, res) => {
  const payment = mpesa.status(req.params.id)
  res.status(payment ? 200 : 404).json(payment || { message: 'No such payment.' })
})

app.post('/hooks/:secret', (req, res) => {
  mpesa.callback(req.params.secret, req.body)
  res.json({ ResultCode: 0, ResultDesc: 'Accepted' })
})

app.listen(process.env.PORT || 3000, '127.0.0.1')
