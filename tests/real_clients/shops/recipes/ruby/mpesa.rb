# M-Pesa for a small shop, whatever its framework: pushes, callbacks, and questions about payments without one.
require 'base64'
require 'json'
require 'monitor'
require 'net/http'
require 'securerandom'

module Mpesa
  DARAJA = ENV.fetch('MPESA_BASE_URL', 'https://sandbox.safaricom.co.ke')
  KEY = ENV.fetch('MPESA_CONSUMER_KEY', '')
  SECRET = ENV.fetch('MPESA_CONSUMER_SECRET', '')
  SHORTCODE = ENV.fetch('MPESA_SHORTCODE', '174379')
  PASSKEY = ENV.fetch('MPESA_PASSKEY', '')
  PUBLIC_URL = ENV.fetch('PUBLIC_URL', 'https://shop.example')
  DB_FILE = ENV.fetch('DB_FILE', 'payments.db')
  ASK_AFTER_S = ENV.fetch('MPESA_ASK_AFTER_S', '30').to_f
  SENT = 'Enter your M-Pesa PIN on your phone.'
  DOWN = 'M-Pesa does not work now. You were not charged: pay by card.'
  CHECKING = 'We are checking your payment with M-Pesa.'
  REVIEW = 'A person is looking at your payment.'
  FAILED = 'The payment did not work. You were not charged. Try again, or pay by card.'
  SAID = {
    '1' => 'Your M-Pesa balance is too low. You were not charged. Top up, or pay by card.',
    '1019' => 'The request expired. Try again.',
    '1032' => 'You cancelled the payment. You can try again.',
    '1037' => 'Your phone could not be reached. Is it on? Try again.',
    '2001' => 'The PIN was wrong. Try again.'
  }.freeze

  @lock = Monitor.new
  @payments = File.exist?(DB_FILE) ? JSON.parse(File.read(DB_FILE)) : {}
  @token = ['', 0.0]
  @token_lock = Mutex.new

  module_function

  def start(phone, amount, reference)
    msisdn = normalised(phone.to_s)
    unless msisdn && amount.to_s.match?(/\A[1-9]\d{0,5}\z/)
      return [400, { message: 'Type a phone number such as 0712345678 and a whole amount of shillings.' }]
    end

    payment = @lock.synchronize do
      open = @payments.values.find { |each| each['reference'] == reference.to_s && each['state'] != 'FAILED' }
      return [202, shown(open)] if open

      id = SecureRandom.hex(8)
      keep(id, 'id' => id, 'reference' => reference.to_s, 'msisdn' => msisdn, 'amount' => Integer(amount.to_s),
               'state' => 'PENDING', 'secret' => SecureRandom.urlsafe_base64(18), 'message' => SENT, 'checkout' => '',
               'receipt' => '', 'credited' => 0, 'began' => Time.now.to_f)
    end
    push(payment)
    [payment['state'] == 'FAILED' ? 502 : 202, shown(payment)]
  end

  def status(id)
    payment = @lock.synchronize { @payments[id] }
    payment && shown(payment)
  end

  def callback(secret, body)
    stk = body.dig('Body', 'stkCallback') if body.is_a?(Hash) && body['Body'].is_a?(Hash)
    payment = @lock.synchronize { @payments.values.find { |each| each['secret'] == secret } }
    return unless payment && stk.is_a?(Hash) && stk.key?('ResultCode')
    return unless ['', stk['CheckoutRequestID']].include?(payment['checkout'])
    return failed(payment, stk['ResultCode'].to_s) unless stk['ResultCode'].to_s == '0'

    metadata = stk['CallbackMetadata']
    rows = metadata.is_a?(Hash) ? Array(metadata['Item']) : []
    items = rows.grep(Hash).to_h { |row| [row['Name'], row['Value']] }
    if items['Amount'].to_f == payment['amount']
      paid(payment, items['MpesaReceiptNumber'].to_s)
    else
      change(payment, %w[PENDING], 'state' => 'REVIEW', 'message' => REVIEW)
    end
  end

  def push(payment)
    answer = call('/mpesa/stkpush/v1/processrequest', {
                    **signed, TransactionType: 'CustomerPayBillOnline', Amount: payment['amount'],
                    PartyA: payment['msisdn'], PartyB: SHORTCODE, PhoneNumber: payment['msisdn'],
                    CallBackURL: "#{PUBLIC_URL}/mpesa/callback/#{payment['secret']}", TransactionDesc: 'Order',
                    AccountReference: payment['reference'].gsub(/\W/, '')[0, 12]
                  })
    if answer['ResponseCode'].to_s == '0'
      change(payment, %w[PENDING PAID FAILED], 'checkout' => answer['CheckoutRequestID'])
    else
      change(payment, %w[PENDING], 'state' => 'FAILED', 'message' => DOWN)
    end
  rescue Net::ReadTimeout, EOFError, Errno::ECONNRESET
    change(payment, %w[PENDING], 'message' => CHECKING) # nobody knows whether it was taken
  rescue SystemCallError, Net::OpenTimeout
    change(payment, %w[PENDING], 'state' => 'FAILED', 'message' => DOWN)
  end

  def ask(payment)
    answer = call('/mpesa/stkpushquery/v1/query', { **signed, CheckoutRequestID: payment['checkout'] })
    code = answer['ResultCode'].to_s
    if code == '0'
      paid(payment, '')
    elsif SAID.key?(code)
      failed(payment, code)
    end
  end

  def paid(payment, receipt)
    done = { 'state' => 'PAID', 'message' => 'Paid. Thank you!', 'receipt' => receipt, 'credited' => payment['amount'] }
    changed = change(payment, %w[PENDING FAILED], done)
    change(payment, %w[PAID], 'receipt' => receipt) unless changed || receipt.empty?
  end

  def failed(payment, code)
    change(payment, %w[PENDING], 'state' => 'FAILED', 'message' => SAID.fetch(code, FAILED))
  end

  def call(path, body)
    answer = nil
    [0, 1, 2.2].each do |wait|
      sleep(wait * (0.8 + (rand * 0.4)))
      answer = send_once(path, body)
      break unless [429, 503].include?(answer['status']) || %w[500.003.02 500.003.03].include?(answer['errorCode'])
    end
    answer
  end

  def send_once(path, body)
    bearer = token
    answer = http(Net::HTTP::Post.new(path, 'Authorization' => "Bearer #{bearer}"), body)
    return answer unless answer['status'] == 401 || answer['errorCode'] == '404.001.03'

    http(Net::HTTP::Post.new(path, 'Authorization' => "Bearer #{token(bearer)}"), body)
  rescue Errno::ECONNREFUSED
    { 'status' => 503 }
  end

  def token(refused = nil)
    @token_lock.synchronize do
      if @token[1] < Time.now.to_f || @token[0] == refused
        request = Net::HTTP::Get.new('/oauth/v1/generate?grant_type=client_credentials')
        request.basic_auth(KEY, SECRET)
        answer = http(request)
        @token = [answer['access_token'].to_s, Time.now.to_f + answer['expires_in'].to_i - 60]
      end
      @token[0]
    end
  end

  def http(request, body = nil)
    uri = URI(DARAJA)
    request.body = JSON.generate(body) if body
    request['Content-Type'] = 'application/json'
    answer = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https', open_timeout: 5, read_timeout: 15,
                                                 max_retries: 0) { |line| line.request(request) }
    read = JSON.parse(answer.body)
    (read.is_a?(Hash) ? read : {}).merge('status' => answer.code.to_i)
  rescue JSON::ParserError
    { 'status' => answer.code.to_i }
  end

  def signed
    stamp = Time.now.getlocal('+03:00').strftime('%Y%m%d%H%M%S')
    { BusinessShortCode: SHORTCODE, Password: Base64.strict_encode64(SHORTCODE + PASSKEY + stamp), Timestamp: stamp }
  end

  def normalised(phone)
    found = /\A(?:254|0)?([17]\d{8})\z/.match(phone.gsub(/[\s()+-]/, ''))
    found && "254#{found[1]}"
  end

  def change(payment, states, fields)
    @lock.synchronize do
      return false unless states.include?(payment['state'])

      keep(payment['id'], payment.merge!(fields))
      true
    end
  end

  def keep(id, payment)
    @payments[id] = payment
    File.write("#{DB_FILE}.part", JSON.generate(@payments))
    File.rename("#{DB_FILE}.part", DB_FILE)
    payment
  end

  def shown(payment)
    { id: payment['id'], status: payment['state'], message: payment['message'], receipt: payment['receipt'],
      credited: payment['credited'] }
  end

  def ask_about_old_ones
    Thread.new do
      loop do
        sleep ASK_AFTER_S / 4
        old = @lock.synchronize { @payments.values.select { |each| each['state'] == 'PENDING' && each['checkout'] != '' } }
        old.each { |each| ask(each) if Time.now.to_f - each['began'] > ASK_AFTER_S }
      rescue StandardError => e
        warn "a question was not answered: #{e.message}"
      end
    end
  end
end
