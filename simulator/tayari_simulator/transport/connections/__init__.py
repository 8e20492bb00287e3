"""Calls on the Daraja port: its connections, one call and its reply, and the endpoint of each call."""
