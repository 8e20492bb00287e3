<?php

namespace App\Console\Commands;

use App\Mpesa;
use App\Models\Payment;
use Illuminate\Console\Command;

class AskAboutPayments extends Command
{
    protected $signature = 'mpesa:ask';

    protected $description = 'Ask Daraja about payments whose callback does not come, as long as the shop runs';

    public function handle(Mpesa $mpesa)
    {
        $after = (float) config('mpesa.ask_after_s');
        while (true) {
            usleep((int) ($after * 250000));
            $silent = Payment::where('state', 'PENDING')->where('checkout', '!=', '')
                ->where('began', '<', microtime(true) - $after)->get();
            foreach ($silent as $payment) {
                try {
                    $mpesa->ask($payment);
                } catch (\Throwable $error) {
                    $this->warn('a question was not answered: '.get_class($error));
                }
            }
        }
    }
}
