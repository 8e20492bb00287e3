<?php

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

class Payment extends Model
{
    public $timestamps = false;

    protected $guarded = [];

    /** Change it where it is in one of these states; false where it is not. */
    public function change(array $states, array $fields): bool
    {
        return self::where('id', $this->id)->whereIn('state', $states)->update($fields) === 1;
    }

    /** What the customer's page may know. */
    public function shown(): array
    {
        return [
            'id' => (string) $this->id, 'status' => $this->state, 'message' => $this->message,
            'receipt' => $this->receipt, 'credited' => $this->credited,
        ];
    }
}
