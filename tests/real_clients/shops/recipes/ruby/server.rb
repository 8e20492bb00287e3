# A shop on WEBrick that takes M-Pesa.
require 'webrick'
require_relative 'mpesa'

server = WEBrick::HTTPServer.new(
  BindAddress: '127.0.0.1', Port: Integer(ENV.fetch('PORT', '8080')), AccessLog: [], MaxClients: 64
)

def answer(res, status, body)
  res.status = status
  res.content_type = 'application/json'
  res.body = JSON.generate(body)
end

def read(req)
  JSON.parse(req.body.to_s)
rescue JSON::ParserError
  {}
end

server.mount_proc('/health') { |_, res| answer(res, 200, { ok: true }) }

server.mount_proc('/api/mpesa/stk') do |req, res|
  data = req.request_method == 'POST' ? read(req) : {}
  answer(res, *Mpesa.start(data['phone'], data['amount'], data['reference']))
end

server.mount_proc('/api/mpesa/status') do |req, res|
  payment = Mpesa.status(req.path_info.delete_prefix('/'))
  answer(res, payment ? 200 : 404, payment || { message: 'No such payment.' })
end

server.mount_proc('/mpesa/callback') do |req, res|
  Mpesa.callback(req.path_info.delete_prefix('/'), read(req)) if req.request_method == 'POST'
  answer(res, 200, { ResultCode: 0, ResultDesc: 'Accepted' })
end

trap('TERM') { server.shutdown }
Mpesa.ask_about_old_ones
server.start
