"""Checks of what a merchant makes of the acknowledgement of its push, or of none."""
