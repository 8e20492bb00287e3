<?php

namespace App\Http\Controllers;

use App\Models\Payment;
use App\Mpesa;
use Illuminate\Http\Request;

class PaymentController
{
    public function start(Request $request, Mpesa $mpesa)
    {
        [$status, $answer] = $mpesa->start($request->input('phone'), $request->input('amount'), $request->input('reference'));

        return response()->json($answer, $status);
    }

    public function status(string $id)
    {
        $payment = Payment::find($id);

        return $payment ? response()->json($payment->shown()) : response()->json(['message' => 'No such payment.'], 404);
    }

    public function callback(string $secret, Request $request, Mpesa $mpesa)
    {
        $mpesa->callback($secret, $request->json('Body.stkCallback') ?? []);

        return response()->json(['ResultCode' => 0, 'ResultDesc' => 'Accepted']);
    }
}
