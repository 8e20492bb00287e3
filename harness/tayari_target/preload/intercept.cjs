// Loaded by the merchant's Node.js at its start (NODE_OPTIONS): Safaricom's names lead to the simulator's TLS port.
// Node.js 18 and 20 read no proxy from the environment. All its HTTP clients connect with net.Socket.
'use strict'

const net = require('node:net')

const [, address, port] = /^(.*):(\d+)$/.exec(process.env.TAYARI_TLS_ADDRESS || '') || []
const DOMAIN = 'safaricom.co.ke'

function isSafaricom (host) {
  const name = String(host || '').replace(/\.$/, '').toLowerCase()
  return name === DOMAIN || name.endsWith('.' + DOMAIN)
}

if (address) {
  const connect = net.Socket.prototype.connect
  net.Socket.prototype.connect = function (...args) {
    // net.connect and tls.connect hand over one list [options, callback]; callers themselves, options or (port, host).
    const list = Array.isArray(args[0]) ? args[0] : args
    const to = { host: address.replace(/^\[|\]$/g, ''), port: Number(port), lookup: undefined }
    if (list[0] && typeof list[0] === 'object' && isSafaricom(list[0].host)) {
      Object.assign(list[0], to)
    } else if (typeof list[0] === 'number' && isSafaricom(list[1])) {
      list[0] = to.port
      list[1] = to.host
    }
    return connect.apply(this, args)
  }
}
