<?php
// A small checkout in plain PHP: an order, an STK push, a callback. Run it with `php -S 127.0.0.1:8080 shop.php`.
// A shop for production also asks by STK query when a callback is lost (docs/recipes/laravel.md).

const SAID = [
    '1' => 'Your M-Pesa balance is too low. Top up, or use another way to pay.',
    '1032' => 'You cancelled the payment. You can try again.',
    '1037' => 'Your phone could not be reached. Is it on?',
    '2001' => 'The PIN was wrong. You can try again.',
];

/** Reads all orders, lets `$change` work on them, and writes them back; other requests wait meanwhile. */
function orders(callable $change): mixed
{
    $file = fopen(getenv('DB_FILE') ?: 'orders.json', 'c+');
    flock($file, LOCK_EX);
    $orders = json_decode((string) stream_get_contents($file), true) ?? [];
    $found = $change($orders);
    ftruncate($file, 0);
    rewind($file);
    fwrite($file, json_encode($orders));
    fclose($file);
    return $found;
}

function daraja(string $method, string $path, string $authorization, ?array $body = null): array
{
    $call = curl_init((getenv('MPESA_BASE_URL') ?: 'https://sandbox.safaricom.co.ke') . $path);
    curl_setopt_array($call, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_HTTPHEADER => ["Authorization: $authorization", 'Content-Type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 5,
        CURLOPT_TIMEOUT => 15,
    ]);
    if ($body !== null) {
        curl_setopt($call, CURLOPT_POSTFIELDS, json_encode($body));
    }
    $answer = json_decode((string) curl_exec($call), true) ?? [];
    $status = curl_getinfo($call, CURLINFO_RESPONSE_CODE);
    $isRefusal = ($status >= 400 && $status < 500) || $status === 503;
    return $answer + ($isRefusal ? ['errorCode' => "HTTP $status"] : []);
}

function push(array $order): array
{
    $pair = base64_encode(getenv('MPESA_CONSUMER_KEY') . ':' . getenv('MPESA_CONSUMER_SECRET'));
    $token = daraja('GET', '/oauth/v1/generate?grant_type=client_credentials', "Basic $pair")['access_token'] ?? '';
    if ($token === '') {
        return ['errorCode' => 'no token'];
    }
    $stamp = (new DateTime('now', new DateTimeZone('Africa/Nairobi')))->format('YmdHis');
    $code = getenv('MPESA_SHORTCODE');
    return daraja('POST', '/mpesa/stkpush/v1/processrequest', "Bearer $token", [
        'BusinessShortCode' => $code,
        'Password' => base64_encode($code . getenv('MPESA_PASSKEY') . $stamp),
        'Timestamp' => $stamp,
        'TransactionType' => 'CustomerPayBillOnline',
        'Amount' => $order['amount'],
        'PartyA' => $order['msisdn'],
        'PartyB' => $code,
        'PhoneNumber' => $order['msisdn'],
        'CallBackURL' => getenv('PUBLIC_URL') . "/callback/{$order['secret']}",
        'AccountReference' => substr($order['id'], 0, 12),
        'TransactionDesc' => 'Order',
    ]);
}

/** A result. A paid order stays paid, and a stranger changes nothing. A success counts after a failure too. */
function settle(array &$order, array $result): void
{
    $known = $order['checkout'] === null || $order['checkout'] === ($result['CheckoutRequestID'] ?? '');
    if ($order['state'] === 'paid' || $order['state'] === 'review' || !$known) {
        return;
    }
    $code = (string) ($result['ResultCode'] ?? '');
    $items = array_column($result['CallbackMetadata']['Item'] ?? [], 'Value', 'Name');
    if ($code === '0' && (float) ($items['Amount'] ?? 0) !== (float) $order['amount']) {
        $order = ['state' => 'review', 'message' => 'We check your payment.'] + $order;
    } elseif ($code === '0') {
        $order = ['state' => 'paid', 'message' => 'Paid. Thank you!', 'receipt' => $items['MpesaReceiptNumber'],
            'credits' => $order['credits'] + 1] + $order;
    } else {
        $order = ['state' => 'failed', 'message' => SAID[$code] ?? 'The payment did not work.'] + $order;
    }
}

function answer(int $status, array $body): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode(array_diff_key($body, ['secret' => 0]));
}

$path = explode('/', trim((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/'));
$body = json_decode((string) file_get_contents('php://input'), true) ?? [];
if ($path[0] === 'callback') {
    orders(function (array &$orders) use ($path, $body): void {
        foreach ($orders as &$order) {
            if (hash_equals($order['secret'], $path[1] ?? '')) {
                settle($order, $body['Body']['stkCallback'] ?? []);
            }
        }
    });
    answer(200, ['ResultCode' => 0, 'ResultDesc' => 'Accepted']);
} elseif ($path[0] === 'orders' && $_SERVER['REQUEST_METHOD'] === 'POST') {
    $order = ['id' => bin2hex(random_bytes(8)), 'secret' => bin2hex(random_bytes(16)), 'msisdn' => $body['phone'],
        'amount' => $body['amount'], 'state' => 'pending', 'message' => 'Enter your PIN.', 'receipt' => null,
        'checkout' => null, 'credits' => 0];
    orders(function (array &$orders) use ($order): void { $orders[$order['id']] = $order; });
    $pushed = push($order);
    $accepted = ($pushed['ResponseCode'] ?? '') === '0';
    // Without a clear answer M-Pesa may have taken the push: the order stays open until its callback comes.
    $refused = !$accepted && (isset($pushed['ResponseCode']) || isset($pushed['errorCode']));
    $shown = orders(function (array &$orders) use ($order, $pushed, $accepted, $refused): array {
        $own = &$orders[$order['id']];  // its callback may have come already
        if ($accepted) {
            $own['checkout'] = $pushed['CheckoutRequestID'] ?? null;
        } elseif ($refused) {
            $own = ['state' => 'failed', 'message' => 'M-Pesa does not work at the moment. You were not charged.'] + $own;
        } elseif ($own['state'] === 'pending') {
            $own['message'] = 'We are checking your payment with M-Pesa.';
        }
        return $own;
    });
    answer($refused ? 503 : 201, $shown);
} elseif ($path[0] === 'orders') {
    $found = orders(fn (array &$orders): ?array => $orders[$path[1] ?? ''] ?? null);
    answer($found === null ? 404 : 200, $found ?? ['message' => 'No such order.']);
} else {
    answer(200, ['ok' => true]);
}
