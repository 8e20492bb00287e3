"""Checks of the access token, of TLS and time-outs, and of where secrets go."""
