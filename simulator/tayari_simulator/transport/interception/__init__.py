"""Merchants that have Safaricom's host names in their code: a TLS port under a local authority, and a forward proxy."""
