"""Checks of what must be true of all money of a run."""
