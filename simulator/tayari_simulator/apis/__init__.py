"""One module for each API: field table, decision, message; `registry` is the table of all. Imports state, catalogue."""
