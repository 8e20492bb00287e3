"""What a Daraja remembers: transactions, ledger, tokens, identifiers, the schedule. Pure; imports no other package."""
