"""Facts as data, each row with its source: errors, result codes, wording, advice, switches. Imports state."""
