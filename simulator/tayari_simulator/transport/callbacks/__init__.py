"""Callbacks on their way to a merchant: which targets are allowed, how they are sent, and over which connections."""
