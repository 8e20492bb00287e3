"""What a Daraja remembers: transactions, ledger, tokens, identifiers, the agenda. Pure; imports no other package."""
