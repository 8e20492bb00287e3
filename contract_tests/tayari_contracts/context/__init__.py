"""What a check is given: it starts payments, observes the merchant and Daraja, and judges what it sees."""
