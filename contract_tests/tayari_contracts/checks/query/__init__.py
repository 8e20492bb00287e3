"""Checks of how a merchant asks for the state of a payment that it heard nothing of."""
