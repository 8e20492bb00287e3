// The base URL of a client whose hosts are written into its code: replaced where Node sends.
'use strict'
const http = require('http')
const https = require('https')

const target = new URL(process.env.DARAJA_URL)
const HOSTS = ['sandbox.safaricom.co.ke', 'api.safaricom.co.ke']
const replaced = []
const request = https.request

https.request = function (...args) {
  const spread = typeof args[0] === 'string' || args[0] instanceof URL
  const url = spread ? new URL(args[0]) : null
  const options = { ...(spread ? (typeof args[1] === 'object' ? args[1] : {}) : args[0]) }
  const host = url ? url.hostname : (options.hostname || options.host)
  if (!HOSTS.includes(host)) return request.apply(https, args)
  replaced.push(host)
  const local = {
    ...options,
    path: options.path || url.pathname + url.search,
    protocol: 'http:',
    host: target.hostname,
    hostname: target.hostname,
    port: target.port,
    agent: undefined,
    agents: undefined
  }
  return http.request(local, args.find((value) => typeof value === 'function'))
}
const fetch = globalThis.fetch
globalThis.fetch = (url, ...rest) => {
  const wanted = new URL(typeof url === 'string' || url instanceof URL ? url : url.url)
  if (!HOSTS.includes(wanted.hostname)) return fetch(url, ...rest)
  replaced.push(wanted.hostname)
  return fetch(target.origin + wanted.pathname + wanted.search, ...rest)
}
module.exports = { replaced }
