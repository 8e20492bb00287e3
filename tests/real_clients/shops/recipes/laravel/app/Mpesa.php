<?php

namespace App;

use App\Models\Payment;
use Illuminate\Database\QueryException;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\Response;
use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Http;
use Illuminate\Support\Facades\Log;
use Illuminate\Support\Str;

/** Pushes, callbacks, and questions about payments without one. */
class Mpesa
{
    const SENT = 'Enter your M-Pesa PIN on your phone.';
    const DOWN = 'M-Pesa does not work now. You were not charged: pay by card.';
    const CHECKING = 'We are checking your payment with M-Pesa.';
    const REVIEW = 'A person is looking at your payment.';
    const FAILED = 'The payment did not work. You were not charged. Try again, or pay by card.';
    const SAID = [
        '1' => 'Your M-Pesa balance is too low. You were not charged. Top up, or pay by card.',
        '1019' => 'The request expired. Try again.',
        '1032' => 'You cancelled the payment. You can try again.',
        '1037' => 'Your phone could not be reached. Is it on? Try again.',
        '2001' => 'The PIN was wrong. Try again.',
    ];

    public function start($phone, $amount, $reference): array
    {
        $typed = preg_replace('/[\s()+-]/', '', (string) $phone);
        if (! preg_match('/^(?:254|0)?([17]\d{8})$/', $typed, $found) || ! preg_match('/^[1-9]\d{0,5}$/', (string) $amount)) {
            return [400, ['message' => 'Type a phone number such as 0712345678 and a whole amount of shillings.']];
        }
        try {
            $payment = Payment::create([
                'reference' => (string) $reference, 'msisdn' => '254'.$found[1], 'amount' => (int) $amount,
                'secret' => Str::random(32), 'message' => self::SENT, 'began' => microtime(true),
            ]);
        } catch (QueryException $taken) {
            $open = Payment::where('reference', $reference)->whereIn('state', ['PENDING', 'PAID'])->firstOrFail();

            return [202, $open->shown()];
        }
        $this->push($payment);
        $payment->refresh();

        return [$payment->state === 'FAILED' ? 502 : 202, $payment->shown()];
    }

    public function callback(string $secret, array $result): void
    {
        $payment = Payment::where('secret', $secret)->first();
        if ($payment === null || ! isset($result['ResultCode'], $result['CheckoutRequestID'])) {
            return;
        }
        if (! in_array($payment->checkout, ['', $result['CheckoutRequestID']], true)) {
            return;
        }
        $items = collect($result['CallbackMetadata']['Item'] ?? [])->mapWithKeys(fn ($item) => [$item['Name'] => $item['Value'] ?? null]);
        if ((string) $result['ResultCode'] !== '0') {
            $this->failed($payment, (string) $result['ResultCode']);
        } elseif ((float) $items->get('Amount') !== (float) $payment->amount) {
            $payment->change(['PENDING'], ['state' => 'REVIEW', 'message' => self::REVIEW]);
        } else {
            $this->paid($payment, (string) $items->get('MpesaReceiptNumber'));
        }
    }

    public function ask(Payment $payment): void
    {
        $answer = $this->call('/mpesa/stkpushquery/v1/query', $this->signed() + ['CheckoutRequestID' => $payment->checkout]);
        $code = (string) $answer->json('ResultCode');
        if ($answer->status() === 200 && $code === '0') {
            $this->paid($payment, '');
        } elseif ($answer->status() === 200 && isset(self::SAID[$code])) {
            $this->failed($payment, $code);
        }
    }

    private function push(Payment $payment): void
    {
        try {
            $answer = $this->call('/mpesa/stkpush/v1/processrequest', $this->signed() + [
                'TransactionType' => 'CustomerPayBillOnline', 'Amount' => $payment->amount, 'PartyA' => $payment->msisdn,
                'PartyB' => config('mpesa.short_code'), 'PhoneNumber' => $payment->msisdn, 'TransactionDesc' => 'Order',
                'AccountReference' => substr(preg_replace('/\W/', '', $payment->reference), 0, 12) ?: 'Order',
                'CallBackURL' => config('app.url').'/api/hooks/'.$payment->secret,
            ]);
        } catch (ConnectionException $error) {
            Log::warning('Daraja: '.get_class($error));
            $unknown = ! str_contains($error->getMessage(), 'cURL error 7');
            $payment->change(['PENDING'], $unknown ? ['message' => self::CHECKING] : ['state' => 'FAILED', 'message' => self::DOWN]);

            return;
        }
        if ($answer->status() === 200 && (string) $answer->json('ResponseCode') === '0') {
            $payment->change(['PENDING', 'PAID', 'FAILED'], ['checkout' => $answer->json('CheckoutRequestID')]);
        } else {
            Log::warning('Daraja refused a push: '.($answer->json('errorCode') ?? $answer->status()));
            $payment->change(['PENDING'], ['state' => 'FAILED', 'message' => self::DOWN]);
        }
    }

    /** One call; a refused token is renewed once. What the service cannot take now is tried again. */
    private function call(string $path, array $body): Response
    {
        foreach ([0, 1000, 2200] as $try => $pause_ms) {
            usleep((int) ($pause_ms * random_int(800, 1200)));
            try {
                $token = $this->token();
                $answer = $this->http()->withToken($token)->post($path, $body);
                if ($answer->status() === 401 || $answer->json('errorCode') === '404.001.03') {
                    $answer = $this->http()->withToken($this->token($token))->post($path, $body);
                }
            } catch (ConnectionException $error) {
                if ($try === 2 || ! str_contains($error->getMessage(), 'cURL error 7')) {
                    throw $error;
                }

                continue;
            }
            $busy = in_array($answer->status(), [429, 503], true)
                || in_array($answer->json('errorCode'), ['500.003.02', '500.003.03'], true);
            if (! $busy) {
                break;
            }
        }

        return $answer;
    }

    /** One token serves all workers. A refused one is renewed by the first worker whose call was refused. */
    private function token(string $refused = ''): string
    {
        return Cache::lock('mpesa-token-lock', 30)->block(20, function () use ($refused) {
            $token = Cache::get('mpesa-token', '');
            if ($token !== '' && $token !== $refused) {
                return $token;
            }
            $answer = $this->http()->withBasicAuth(config('mpesa.consumer_key'), config('mpesa.consumer_secret'))
                ->get('/oauth/v1/generate', ['grant_type' => 'client_credentials']);

            $token = $answer->throw()->json('access_token');
            Cache::put('mpesa-token', $token, 3500);

            return $token;
        });
    }

    private function http()
    {
        return Http::baseUrl(config('mpesa.base_url'))->timeout(15)->withOptions(['connect_timeout' => 5]);
    }

    private function signed(): array
    {
        $stamp = gmdate('YmdHis', time() + 3 * 3600);
        $code = config('mpesa.short_code');

        return [
            'BusinessShortCode' => $code, 'Timestamp' => $stamp,
            'Password' => base64_encode($code.config('mpesa.passkey').$stamp),
        ];
    }

    private function paid(Payment $payment, string $receipt): void
    {
        $fields = ['state' => 'PAID', 'message' => 'Paid. Thank you!', 'receipt' => $receipt, 'credited' => $payment->amount];
        if (! $payment->change(['PENDING', 'FAILED'], $fields) && $receipt !== '') {
            $payment->change(['PAID'], ['receipt' => $receipt]);
        }
    }

    private function failed(Payment $payment, string $code): void
    {
        $payment->change(['PENDING'], ['state' => 'FAILED', 'message' => self::SAID[$code] ?? self::FAILED]);
    }
}
