module.exports = {
  DARAJA: process.env.MPESA_BASE_URL || 'https://sandbox.safaricom.co.ke',
  CALLBACK_PATH: '/hooks'
}
