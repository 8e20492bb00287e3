"""Checks of the push request: its fields, its limits, and how often it is sent."""
