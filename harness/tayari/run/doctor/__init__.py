"""What `tayari doctor` looks at, and every run before its first rule: merchant, Daraja, one payment, one payout."""
