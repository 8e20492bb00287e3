"""Checks of how a merchant asks for the state of a payment without a callback."""
