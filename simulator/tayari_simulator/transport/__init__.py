"""HTTP in both directions: calls are read, replies written, callbacks sent. Imports journal, scenarios and below."""
