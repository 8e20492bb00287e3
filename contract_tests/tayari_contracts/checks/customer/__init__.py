"""Checks of what the customer is shown, and of whose orders he can see."""
