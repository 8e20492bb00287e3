"""Checks of payments that customers begin themselves: registration, validation, confirmation."""
