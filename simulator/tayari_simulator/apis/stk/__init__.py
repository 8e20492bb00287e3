"""STK push: the prompt, its query, and the callback with its result."""
