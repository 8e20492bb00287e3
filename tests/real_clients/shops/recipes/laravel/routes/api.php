<?php

use App\Http\Controllers\PaymentController;
use Illuminate\Support\Facades\Route;

Route::get('/health', fn () => ['ok' => true]);
Route::post('/mpesa/stk', [PaymentController::class, 'start']);
Route::get('/payments/{id}', [PaymentController::class, 'status']);
Route::post('/hooks/{secret}', [PaymentController::class, 'callback']);
