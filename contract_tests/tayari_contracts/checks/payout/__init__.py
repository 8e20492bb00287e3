"""Checks of payouts and refunds: the requests, their results, and who may send them."""
