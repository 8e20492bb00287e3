<?php
// phpunit examples/php/ShopTest.php      (with `tayari` on the path)

use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/Daraja.php';

// Each test pays from a number of its own: that is how they can share one simulator.
final class ShopTest extends TestCase
{
    private static Daraja $daraja;
    private static $shop;
    private static string $url;
    private static string $file;

    public static function setUpBeforeClass(): void
    {
        self::$daraja = new Daraja();
        $free = stream_socket_server('tcp://127.0.0.1:0');
        self::$url = 'http://' . stream_socket_get_name($free, false);
        fclose($free);
        self::$file = tempnam(sys_get_temp_dir(), 'orders');
        $ready = self::$daraja->ready;
        $settings = ['MPESA_BASE_URL' => $ready['daraja_url'], 'MPESA_CONSUMER_KEY' => $ready['consumer_key'],
            'MPESA_CONSUMER_SECRET' => $ready['consumer_secret'], 'MPESA_SHORTCODE' => $ready['short_code'],
            'MPESA_PASSKEY' => $ready['passkey'], 'PUBLIC_URL' => self::$url, 'DB_FILE' => self::$file];
        $command = [PHP_BINARY, '-S', substr(self::$url, 7), __DIR__ . '/shop.php'];
        $quiet = [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']];
        self::$shop = proc_open($command, $quiet, $pipes, __DIR__, $settings + getenv());
        for ($until = time() + 20; time() < $until && @file_get_contents(self::$url) === false;) {
            usleep(20_000);
        }
    }

    public static function tearDownAfterClass(): void
    {
        proc_terminate(self::$shop);
        proc_close(self::$shop);
        self::$daraja->stop();
        unlink(self::$file);
    }

    public function testAPaymentThatSucceedsIsCreditedOnceWithItsReceipt(): void
    {
        $order = $this->pay('254711000021');
        $this->calledBack('254711000021');

        $found = $this->order($order['id']);
        $this->assertSame(['paid', 1], [$found['state'], $found['credits']]);
        $this->assertMatchesRegularExpression('/^[A-Z0-9]{10}$/', $found['receipt']);
    }

    public function testACustomerWithoutTheMoneyIsToldSo(): void
    {
        $this->play('payment/insufficient-funds', '254711000022');
        $order = $this->pay('254711000022');
        $this->calledBack('254711000022');

        $found = $this->order($order['id']);
        $this->assertSame('failed', $found['state']);
        $this->assertStringContainsString('balance is too low', $found['message']);
    }

    public function testASuccessThatArrivesTwiceCreditsOnce(): void
    {
        $this->play('callbacks/duplicate', '254711000023');
        $order = $this->pay('254711000023');
        $this->calledBack('254711000023', 2);

        $this->assertSame(1, $this->order($order['id'])['credits']);
    }

    public function testAPushThatDarajaRefusesChargesNobody(): void
    {
        $this->play('service/system-busy', '254711000024');
        $order = $this->pay('254711000024');

        $this->assertSame('failed', $order['state']);
        $payments = self::$daraja->control('GET', '/v1/payments?msisdn=254711000024')['payments'];
        $this->assertSame([], $payments);
    }

    public function testNoPaymentIsLostWhoseAnswerIsLostOrWhoseFirstResultIsAFailure(): void
    {
        $callbacks = ['ack/lost' => 1, 'ack/gateway-timeout' => 1, 'callbacks/success-after-failure' => 2];
        $orders = [];
        foreach (array_keys($callbacks) as $number => $scenario) {
            $this->play($scenario, '25471100002' . (5 + $number));
            $orders[$scenario] = $this->pay('25471100002' . (5 + $number));
            $this->assertStringNotContainsString('not charged', $orders[$scenario]['message']);
        }
        foreach (array_keys($callbacks) as $number => $scenario) {
            $this->calledBack('25471100002' . (5 + $number), $callbacks[$scenario]);
            $this->assertSame('paid', $this->order($orders[$scenario]['id'])['state']);
        }
    }

    private function play(string $scenario, string $msisdn): void
    {
        self::$daraja->control('POST', '/v1/next', ['scenario' => $scenario, 'msisdn' => $msisdn]);
    }

    /** Waits, without sleeping, until the shop has answered this many callbacks of this number's payment. */
    private function calledBack(string $msisdn, int $count = 1): void
    {
        $wait = ['for' => 'callback_answered', 'msisdn' => $msisdn, 'count' => $count, 'timeout_s' => 20];
        $this->assertTrue(self::$daraja->control('POST', '/v1/wait', $wait)['met']);
    }

    private function pay(string $phone): array
    {
        return $this->call('POST', '/orders', json_encode(['phone' => $phone, 'amount' => 150]));
    }

    private function order(string $id): array
    {
        return $this->call('GET', "/orders/$id");
    }

    private function call(string $method, string $path, string $body = ''): array
    {
        $options = ['http' => ['method' => $method, 'header' => 'Content-Type: application/json', 'content' => $body,
            'ignore_errors' => true]];
        return json_decode(file_get_contents(self::$url . $path, false, stream_context_create($options)), true);
    }
}
