"""Checks of what the target file says about the merchant."""
