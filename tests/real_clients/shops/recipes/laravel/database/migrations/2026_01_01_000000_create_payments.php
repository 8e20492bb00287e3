<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

class CreatePayments extends Migration
{
    public function up()
    {
        Schema::create('payments', function (Blueprint $table) {
            $table->id();
            $table->string('reference');
            $table->string('msisdn');
            $table->integer('amount');
            $table->string('secret')->unique();
            $table->string('state')->default('PENDING');
            $table->string('message');
            $table->string('checkout')->default('');
            $table->string('receipt')->default('');
            $table->integer('credited')->default(0);
            $table->double('began');
        });
        DB::statement("create unique index one_open on payments (reference) where state in ('PENDING', 'PAID')");
    }
}
