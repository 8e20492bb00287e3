"""Checks of the STK callback: each of its forms, repeated, forged, late or malformed."""
