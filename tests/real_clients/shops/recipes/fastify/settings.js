module.exports = { DARAJA: 'https://sandbox.safaricom.co.ke', CALLBACK_PATH: '/hooks' }
